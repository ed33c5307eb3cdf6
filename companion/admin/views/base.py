"""What the views of administration have in common."""

from flask import request

from companion.web.api import Api, Rule
from companion.web.identity import Access, who

api = Api("admin", "Administration")
READ = Rule(Access.ADMIN, limit="page")
WRITE = Rule(Access.ADMIN)


def origin() -> tuple[str, str]:
    """Who does it, from where: for the audit log."""
    return who().user, request.remote_addr or ""
