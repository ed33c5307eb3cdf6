"""What can go wrong in the companion, as one kind of answer (RFC 9457 problem details)."""

from typing import Any


class SettingError(Exception):
    """A setting is wrong; the sentence says what to change."""


class Problem(Exception):
    """An error for a client. `slug` names the kind for programs, `detail` says to a person what to do.

    extra: members beside the standard ones; headers: of the answer.
    """

    status = 400
    slug = "bad-request"

    def __init__(self, detail: str = "", headers: dict[str, str] | None = None, **extra: Any):
        super().__init__(detail)
        self.detail, self.headers, self.extra = detail, headers or {}, extra


class Invalid(Problem):
    """What was sent does not fit; `errors` lists (field, sentence)."""

    status, slug = 422, "invalid"


class Unauthorized(Problem):
    """Who is asking is not known."""

    status, slug = 401, "sign-in-needed"


class Forbidden(Problem):
    """Who is asking may not do that."""

    status, slug = 403, "not-allowed"


class NotFound(Problem):
    """There is no such thing, or it is another's: the two look the same from outside."""

    status, slug = 404, "not-found"


class Conflict(Problem):
    """It does not go together with what is there."""

    status, slug = 409, "conflict"


class Stale(Problem):
    """It was changed meanwhile (If-Match)."""

    status, slug = 412, "changed-meanwhile"


class TooLarge(Problem):
    """More bytes than is allowed."""

    status, slug = 413, "too-large"


class WrongType(Problem):
    """Not a kind of content that is taken here."""

    status, slug = 415, "wrong-type"


class TooMany(Problem):
    """Too often; Retry-After says when again."""

    status, slug = 429, "too-many-requests"


class OverQuota(Problem):
    """The tier does not include that."""

    status, slug = 403, "over-quota"


class Unavailable(Problem):
    """A part that is needed does not answer."""

    status, slug = 503, "unavailable"
