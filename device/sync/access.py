"""How a box gets to its companion: its id, its broker, and the TLS that its key allows.

Who a box is, is decided elsewhere (the entry-point group `rackdeck.access`); here is only what the sync needs of it.
"""

import ipaddress
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points

from device.errors import MachineError

GROUP = "rackdeck.access"


class OutError(MachineError):
    """The companion does not have this box any more: it was revoked, or its certificate has expired."""


@dataclass(frozen=True, slots=True)
class Access:
    """A box that belongs to somebody, or waits at its companion for the first account.

    owner: another one means that the box changed hands; empty while it waits. companion: its address; pin: SHA-256 of
    its certificate, where no authority vouches for it. tls: for the broker; None where none is used, which is for a
    broker of this machine. expires: of the box's certificate, ms since 1970.
    """

    box: str
    name: str
    model: str
    owner: str
    host: str
    port: int
    tls: Callable[[], ssl.SSLContext] | None
    companion: str = ""
    pin: str = ""
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """look: the access as it is stored now, None while the box is nobody's; MachineError when it is damaged.

    renew: may be called often: fetches the next certificate when it is time, and learns of another owner or broker;
    returns whether anything is another. MachineError; OutError when the companion has no such box any more.
    hands: settings of the machine, by name, that the installation can change. InputError, MachineError.
    """

    look: Callable[[], Access | None]
    renew: Callable[[], bool] = lambda: False
    hands: Mapping[str, Callable[[str], None]] = field(default_factory=dict)


def door() -> Door:
    """The one that is installed. MachineError when none is."""
    for point in entry_points(group=GROUP):
        made = point.load()()
        if isinstance(made, Door):
            return made
    raise MachineError("this installation cannot be claimed: its part `provisioning` is missing; run `make setup`")


def is_here(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
