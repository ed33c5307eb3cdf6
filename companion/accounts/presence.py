"""Which sessions still hold, for those who keep a connection open: light enough for the live process."""

from collections.abc import Collection
from typing import Any

from companion.accounts.models import Session, User
from companion.database import now


def holding(sessions: Collection[str]) -> set[str]:
    """Those of the sessions that have not ended, expired, or lost their user."""
    if not sessions:
        return set()
    query: Any = (
        Session.select(Session.id)
        .join(User)
        .where(Session.id.in_(list(sessions)) & (Session.expires > now()) & User.disabled.is_null())
    )
    return {str(row[0]) for row in query.tuples()}
