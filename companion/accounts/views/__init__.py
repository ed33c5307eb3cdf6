"""The accounts' part of /api/v1: signing in, the own account, what protects it, keys, leaving."""

from companion.accounts.views import account, leaving, program, protection, signing, visiting
from companion.accounts.views.shared import api

__all__ = ["account", "api", "leaving", "program", "protection", "signing", "visiting"]
