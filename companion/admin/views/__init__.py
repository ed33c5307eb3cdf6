"""/api/v1/admin, and /api/v1/flags for everybody."""

from companion.admin.views import accounts, faults, flags, records, work
from companion.admin.views.base import api

__all__ = ["accounts", "api", "faults", "flags", "records", "work"]
