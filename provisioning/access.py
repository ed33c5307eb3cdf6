"""What the sync is told of this box's membership: where the broker is and how to be let in."""

import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from device.errors import MachineError
from device.sync.access import Access, Door, OutError
from provisioning import claiming, identity, membership, network
from provisioning.companion_link import RefusedError

ASK_SECONDS = 120.0  # so often the companion is asked whose this box is


def door() -> Door:
    """The box's own, looked at anew each time."""
    hands = {"system.time_zone": network.set_time_zone, "system.hostname": network.Network().set_hostname}
    return Door(look, Renewal(identity.folder()), hands)


def look() -> Access | None:
    """As it is stored now; None while the box is nobody's. MachineError when it is damaged."""
    place = identity.folder()
    held = membership.read(place)
    if held is None:
        return None
    own = identity.find(place)
    if own is None or own.id != held.box:
        raise MachineError("the box's membership is another key's; run `rackdeck box claim`")
    return Access(
        held.box,
        held.name or identity.name(place),
        identity.model(),
        held.owner,
        held.broker_host,
        held.broker_port,
        Tls(held),
        held.companion,
        held.pin,
        held.expires,
    )


class Tls:
    """Makes the context for the broker; two of the same membership are equal."""

    def __init__(self, held: membership.Membership):
        self._held = held

    def __call__(self) -> ssl.SSLContext:
        """A fresh context. MachineError when the certificate and the key do not belong together."""
        return membership.tls(identity.folder(), self._held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tls) and other._held == self._held

    def __hash__(self) -> int:
        return hash(self._held)


class Renewal:
    """Fetches the next certificate when it is time, and asks now and then whose the box is; may be called often."""

    def __init__(self, place: Path, clock: Callable[[], float] = time.monotonic):
        self._place, self._clock = place, clock
        self._asked = clock()

    def __call__(self) -> bool:
        """Whether anything is another than before. OutError says what to do when this box has no claim any more."""
        held = membership.read(self._place)
        if held is None:
            return False
        try:
            if claiming.renew(self._place) is not None:
                return True
            patient = held.owner != ""  # of a box that waits for the first account, somebody wants to see more at once
            if patient and self._clock() - self._asked < ASK_SECONDS:
                return False
            self._asked = self._clock()
            return claiming.refresh(self._place)
        except RefusedError as exc:
            if exc.status != HTTPStatus.FORBIDDEN:
                raise
            raise OutError(
                "the companion does not have this box any more; run `rackdeck box claim` to make it somebody's again"
            ) from exc
