"""The questions that GraphQL answers. Each field asks of its caller what the REST route of the same thing does."""

from typing import Annotated, Any

import strawberry
from strawberry.schema.config import StrawberryConfig

from companion.accounts import service as accounts
from companion.accounts import sessions
from companion.admin import flags
from companion.boxes import service as boxes
from companion.catalogue import listing
from companion.catalogue import service as catalogue
from companion.errors import Forbidden, Invalid, NotFound
from companion.graph.batch import Siblings
from companion.graph.types import (
    LONG,
    Box,
    Content,
    Credit,
    Long,
    Marker,
    Me,
    Notice,
    Page,
    Project,
    Recording,
    SessionInfo,
    Track,
    WholeTrack,
    filled,
    filled_all,
)
from companion.notices import service as notices
from companion.projects import items
from companion.projects import service as projects
from companion.web.identity import Access, who

MOST_ROWS = 200
Limit = Annotated[int, strawberry.argument(description="rows in one answer, 1 to 200")]
After = Annotated[str, strawberry.argument(description="`next` of the answer before")]


def _caller(scope: str = "", access: Access = Access.COLLABORATOR) -> str:
    """The caller's id. Forbidden when the role or the key does not reach so far."""
    caller = who()
    if caller.access < access:
        raise Forbidden(f"this needs the role {access.name.lower()}")
    if caller.scopes is not None and scope not in caller.scopes:
        raise Forbidden(f"this key lacks the scope {scope}" if scope else "no key may ask this; sign in")
    return caller.user


def _limit(limit: int) -> int:
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit is 1 to {MOST_ROWS}")
    return limit


def _project(row: dict[str, Any], siblings: Siblings[Content]) -> Project:
    return filled(Project, row, content_count=row["items"], siblings=siblings)


def _contents(user: str, rows: list[dict[str, Any]]) -> Siblings[Content]:
    def fetch(parents: list[str]) -> dict[str, list[Content]]:
        return {key: filled_all(Content, found) for key, found in items.listed_in(user, parents).items()}

    return Siblings((row["id"] for row in rows), fetch)


@strawberry.type(description="What you can ask for.")
class Query:
    """The fields at the top."""

    @strawberry.field(description="Your account, with where you are signed in.")
    def me(self) -> Me:
        """No key may ask this."""
        user = _caller()
        here = who().session
        running = [filled(SessionInfo, row.__data__, current=row.id == here) for row in sessions.listed(user)]
        return filled(Me, accounts.profile(user), sessions=running, flags=flags.of(user))

    @strawberry.field(description="Your tracks, or those you see through projects; the best hits or the newest first.")
    def tracks(
        self, search: str = "", sort: str = "", shared: bool = False, after: After = "", limit: Limit = 50
    ) -> Page[Track]:
        """As GET /tracks."""
        user = _caller("tracks:read")
        if sort and sort.removeprefix("-") not in listing.SORTS:
            raise Invalid(f"tracks are sorted by {', '.join(listing.SORTS)}, with - the other way round")
        asked = listing.Asked(search, sort, shared=shared, after=after, limit=_limit(limit))
        rows, following = listing.tracks(user, asked)
        return Page(items=[filled(Track, catalogue.shown(row, user)) for row in rows], next=following)

    @strawberry.field(description="One track.")
    def track(self, id: strawberry.ID) -> WholeTrack | None:  # noqa: A002 - its name in the question
        """As GET /tracks/{track}; null without it."""
        try:
            found = catalogue.told(_caller("tracks:read"), id)
        except NotFound:
            return None
        kinds: dict[str, type] = {"credits": Credit, "recordings": Recording, "markers": Marker}
        parts: dict[str, list[Any]] = {name: filled_all(kind, found[name]) for name, kind in kinds.items()}
        return filled(WholeTrack, found, **parts)

    @strawberry.field(description="The projects that you work on; those changed last first.")
    def projects(
        self,
        state: str = "active",
        search: str = "",
        sort: str = "changed",
        after: After = "",
        limit: Limit = 50,
    ) -> Page[Project]:
        """As GET /projects."""
        user = _caller("projects:read")
        if state not in ("active", "archived", "deleted"):
            raise Invalid("projects are active, archived or deleted")
        if sort not in projects.SORTS:
            raise Invalid(f"projects are sorted by {', '.join(projects.SORTS)}")
        rows, following = projects.listed(user, state, search, sort, after, _limit(limit))
        siblings = _contents(user, rows)
        return Page(items=[_project(row, siblings) for row in rows], next=following)

    @strawberry.field(description="One project.")
    def project(self, id: strawberry.ID) -> Project | None:  # noqa: A002 - its name in the question
        """As GET /projects/{project}; null without it."""
        user = _caller("projects:read")
        try:
            found = projects.whole(user, id)
        except NotFound:
            return None
        return _project(found, _contents(user, [found]))

    @strawberry.field(description="Your boxes, by name.")
    def boxes(self, search: str = "") -> list[Box]:
        """As GET /boxes."""
        return filled_all(Box, boxes.listed(_caller("boxes:read", Access.ARTIST), search))

    @strawberry.field(description="What you should know, newest first.")
    def notices(self, unread: bool = False, after: After = "", limit: Limit = 50) -> Page[Notice]:
        """As GET /notices."""
        user = _caller("notices:read")
        rows, following = notices.listed(user, unread, after, _limit(limit))
        return Page(items=filled_all(Notice, rows), next=following)


schema = strawberry.Schema(Query, config=StrawberryConfig(auto_camel_case=False, scalar_map={Long: LONG}))
