"""What boxes do regularly, what of them goes into an export, and what becomes of them when somebody leaves."""

from typing import Any

from companion.accounts import deletion, export
from companion.boxes import certificates, claims, revocation, service
from companion.health import service as health


def keep_house() -> None:
    """Once an hour: drop what is over."""
    service.forget()
    claims.forget()
    certificates.forget()


def _boxes(user: str) -> list[dict[str, Any]]:
    return service.listed(user)


def erase(user: str) -> None:
    """Somebody's boxes are nobody's then."""
    for box in service.listed(user):
        service.revoke(user, box["id"])


def install() -> None:
    """Before the first request."""
    deletion.register("boxes", erase)
    export.register("boxes", _boxes)
    health.CHECKS["certificates"] = lambda _settings, _storage: revocation.finding()
