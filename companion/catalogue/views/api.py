"""The blueprint of the catalogue, its rules, and what several of its views answer."""

from flask import request

from companion.errors import Stale
from companion.web.api import Api, Rule
from companion.web.identity import Access

api = Api("catalogue", "Catalogue")
READ = Rule(Access.COLLABORATOR, "tracks:read")
HEAR = Rule(Access.COLLABORATOR, "tracks:read", limit="page")
WRITE = Rule(Access.ARTIST, "tracks:write")


def expected_version() -> int | None:
    """The version that If-Match names, so that the change itself can insist on it; None without one."""
    wanted = request.headers.get("If-Match", "").strip()
    if wanted in ("", "*"):
        return None
    number = wanted.strip('"').partition(".")[0]
    if not (number.isascii() and number.isdigit()):
        raise Stale("somebody changed this meanwhile; load it again, then repeat the change")
    return int(number)
