"""Becoming somebody's box: a code on the screen, somebody types it in the companion, the certificate comes.

Nothing here is needed to play: a box that is nobody's, or has no network, says so and goes on.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from device.contracts import proofs
from device.errors import MachineError
from provisioning import identity, membership, stored
from provisioning.companion_link import CompanionLink, RefusedError
from provisioning.identity import Identity
from provisioning.membership import Membership

FILE = "claim.json"
POLL_SECONDS = 3.0
_GONE = (403, 404)


@dataclass(frozen=True, slots=True)
class Claim:
    """A code that the box shows. until: on the monotonic clock, for the clock of day may be wrong or change.

    check: six digits that the companion's page shows as well. link: what the QR code holds.
    """

    companion: str
    pin: str
    code: str
    check: str
    until: float
    boot: str

    @property
    def shown(self) -> str:
        """The code as a person reads it: `7K2M-9QXP`."""
        return proofs.spaced(self.code)

    @property
    def link(self) -> str:
        """Where a phone that scans the code goes."""
        return f"{self.companion}/boxes?claim={self.shown}"

    def left(self, now: float) -> float:
        """Seconds for which the code is good."""
        return max(0.0, self.until - now)


def boot_id(file: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """Which start of this machine: monotonic times mean nothing after another."""
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def begin(place: Path, link: CompanionLink, code: str = "", clock: Callable[[], float] = time.monotonic) -> Claim:
    """Show the companion a code, a new one unless given, and remember it. MachineError, InputError."""
    own = identity.own(place)
    code = code or proofs.new_code()
    name, model = identity.name(place), identity.model()
    proof = own.proof("offer", link.nonce(), code, name, model)
    answer = link.post("offer", proof | {"code": code, "name": name, "model": model})
    if answer.get("box") != own.id:
        raise MachineError("the companion took this box for another; begin the claim again")
    made = Claim(link.address, link.pin, code, own.check(code), clock() + proofs.CODE_SECONDS, boot_id())
    stored.replace(place / FILE, json.dumps(asdict(made)).encode())
    return made


def pending(place: Path, clock: Callable[[], float] = time.monotonic) -> Claim | None:
    """The code that the box shows now; None when it shows none that is still good."""
    try:
        found = Claim(**json.loads((place / FILE).read_text(encoding="utf-8")))
        good = found.boot == boot_id() and 0 < found.left(clock()) <= proofs.CODE_SECONDS
    except (OSError, ValueError, TypeError):
        return None
    return found if good else None


def fetch(place: Path, link: CompanionLink) -> Membership | None:
    """Ask for a certificate: the first one, or the next. None while nobody has claimed the box.

    RefusedError when there is no claim (any more); MachineError when the companion does not answer, or not rightly.
    """
    own = identity.own(place)
    request = own.request()
    proof = own.proof("certificate", link.nonce(), hashlib.sha256(request.encode()).hexdigest())
    answer = link.post("certificate", proof | {"request": request})
    if answer.get("state") == "waiting":
        return None
    made = _membership(link, own, answer)
    membership.write(place, made)
    (place / FILE).unlink(missing_ok=True)
    return made


def _membership(link: CompanionLink, own: Identity, answer: dict[str, Any]) -> Membership:
    try:
        made = membership.of({**answer, "companion": link.address, "pin": link.pin})
    except (ValueError, TypeError) as exc:
        raise MachineError("the companion's answer is not understood; is it older than this box?") from exc
    membership.check(made, own)
    return _seen_from_here(link, made)


def _seen_from_here(link: CompanionLink, made: Membership) -> Membership:
    return replace(made, broker_host=link.host_of(made.broker_host))


def wait(
    place: Path,
    link: CompanionLink,
    claim: Claim,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Membership:
    """Until somebody has claimed the box. MachineError once the code is too old; a network that fails is waited for."""
    problem = ""
    while claim.left(clock()) > 0:
        try:
            found = fetch(place, link)
            if found is not None:
                return found
            problem = ""
        except RefusedError as exc:
            if exc.status in _GONE:
                break
            problem = str(exc)
        except MachineError as exc:
            problem = str(exc)
        sleep(min(POLL_SECONDS, claim.left(clock()) + 0.01))
    (place / FILE).unlink(missing_ok=True)
    raise MachineError(problem or "nobody has typed the code in; show a new one with `rackdeck box claim`")


def refresh(place: Path) -> bool:
    """Ask whose the box is and where the broker is. Whether that is another than before; errors as for `fetch`."""
    held = membership.read(place)
    if held is None:
        return False
    link = CompanionLink(held.companion, held.pin)
    proof = identity.own(place).proof("certificate", link.nonce(), hashlib.sha256(b"").hexdigest())
    answer = link.post("certificate", proof | {"request": ""})
    if answer.get("state") != "current":
        return False
    known = {name: answer.get(name) for name in ("name", "owner", "broker_host", "broker_port")}
    try:
        made = membership.of(asdict(held) | known)
    except (ValueError, TypeError) as exc:
        raise MachineError("the companion's answer is not understood; is it older than this box?") from exc
    made = _seen_from_here(link, made)
    if made != held:
        membership.write(place, made)
    return made != held


def renew(place: Path, now_ms: int | None = None) -> Membership | None:
    """Fetch the next certificate when it is time; None when it is not. The old one stays good until its end.

    RefusedError when this box has no claim any more: it was revoked, or its certificate has expired.
    """
    held = membership.read(place)
    if held is None or not held.due(membership.now_ms() if now_ms is None else now_ms):
        return None
    return fetch(place, CompanionLink(held.companion, held.pin))


def join_house(place: Path, address: str, token_file: Path) -> Membership:
    """Become a box of the companion on this machine, with no code. MachineError says what is missing."""
    own = identity.own(place)
    link = CompanionLink(address)
    try:
        token = token_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise MachineError(f"{token_file} cannot be read; is the companion of this machine running?") from exc
    name, model = identity.name(place), identity.model()
    proof = own.proof("house", link.nonce(), token, name, model)
    link.post("house", proof | {"token": token, "name": name, "model": model})
    made = fetch(place, link)
    if made is None:
        raise MachineError("the companion of this machine did not take the box; look at its log")
    return made


def leave(place: Path) -> bool:
    """Be nobody's; the key stays. Returns whether the companion could be told; if not, it goes on showing the box."""
    held = membership.read(place)
    told = False
    if held is not None:
        try:
            link = CompanionLink(held.companion, held.pin)
            link.post("leave", identity.own(place).proof("leave", link.nonce()))
            told = True
        except MachineError:
            pass
    (place / FILE).unlink(missing_ok=True)
    membership.forget(place)
    return told
