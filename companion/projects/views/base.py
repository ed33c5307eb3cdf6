"""What the views of projects share."""

from companion.web.api import Api, Rule
from companion.web.identity import Access

api = Api("projects", "Projects")
READ = Rule(Access.COLLABORATOR, "projects:read", "page")
WRITE = Rule(Access.COLLABORATOR, "projects:write")
