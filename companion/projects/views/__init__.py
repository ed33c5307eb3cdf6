"""/api/v1/projects and /api/v1/project-invitations."""

from companion.projects.views import invitations, music, people, projects
from companion.projects.views.base import api

__all__ = ["api", "invitations", "music", "people", "projects"]
