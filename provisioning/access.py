"""What the sync is told of this box's membership: where the broker is and how to be let in."""

import ssl

from device.sync.access import Access, Door
from provisioning import claiming, identity, membership


def door() -> Door:
    """The box's own, looked at anew each time."""
    return Door(look, renew)


def look() -> Access | None:
    """As it is stored now; None while the box is nobody's. MachineError when it is damaged."""
    place = identity.folder()
    held = membership.read(place)
    if held is None:
        return None
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


def renew() -> bool:
    """Fetch the next certificate when it is time. MachineError when the companion did not give one."""
    place = identity.folder()
    held = membership.read(place)
    if held is None:
        return False
    return claiming.renew(place) is not None
