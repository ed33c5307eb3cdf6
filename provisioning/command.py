"""`rackdeck box`: whose this box is, claiming it, leaving, the name, and the way back to how it came."""

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import InputError, MachineError

if TYPE_CHECKING:
    from provisioning.claiming import Claim

HOUSE_TOKEN_FILE = "keys/house.token"  # below the companion's folder, which only its own user can read
HOUSE_WAIT_SECONDS = 1.0
FORBIDDEN = 403
HELP = "whose this box is, and its network: status, claim, leave, name, network, reset"
EXAMPLES = """\
examples:
  rackdeck box                                              whose it is
  rackdeck box claim --companion https://music.example.org  make it somebody's
  rackdeck box name "Booth left"
"""
CLAIM_EXAMPLES = """\
Type the code under Boxes in the companion's page, or scan it. Start `rackdeck up` anew afterwards: it then leaves out
the companion of this machine. docs/two-machines.md tells the whole way.

examples:
  rackdeck box claim --companion https://music.example.org
  rackdeck box claim --companion https://studio.local --pin 67:89:31:...   a certificate of its own; its SHA-256 is
      shown on the companion's machine by  openssl x509 -in cert.pem -noout -fingerprint -sha256
  rackdeck box claim                                        the same companion again
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One part each."""
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    parts = parser.add_subparsers(dest="part", metavar="status|claim|leave|name|network|reset")

    def part(name: str, told: str, more: str = "") -> argparse.ArgumentParser:
        return parts.add_parser(
            name, help=told, description=told, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
        )

    part("status", "its name, id, owner, companion and certificate (also without a word)")
    claim = part("claim", "show a code by which somebody makes the box theirs", CLAIM_EXAMPLES)
    claim.add_argument(
        "--companion", metavar="ADDRESS", help="https://, or http://localhost on the same machine; else the one before"
    )
    claim.add_argument(
        "--pin", default="", metavar="SHA256", help="of the companion's certificate, if no authority vouches for it"
    )
    claim.add_argument("--svg", type=Path, metavar="FILE", help="also write the QR code as an image")
    house = parts.add_parser("house", description="join the companion on this machine, with no code; `up` does it")
    house.add_argument("--companion", required=True, metavar="ADDRESS", help="such as http://localhost:8000")
    house.add_argument("--folder", type=Path, required=True, help="where that companion keeps its files")
    part("leave", "be nobody's box; music and recordings stay")
    named = part("name", "show what the box is called, or call it something")
    named.add_argument("name", nargs="?", help="the new name")
    net = part("network", "whether there is one; the Wi-Fi, the name in the network, the time zone")
    net.add_argument("--setup", action="store_true", help="be a Wi-Fi oneself, whose page sets the box up")
    net.add_argument("--port", type=int, default=80, metavar="PORT", help="of that page (80)")
    net.add_argument("--hostname", metavar="NAME", help="call the box so in the network")
    net.add_argument("--time-zone", metavar="ZONE", help="set it, such as Europe/Berlin")
    erased = part("reset", "erase all: key, music, recordings, settings, the companion in its home")
    erased.add_argument("--key", action="store_true", help="erase the key and the claim alone")
    erased.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    """0 when it was done."""
    from device import paths
    from provisioning import identity, reset

    if reset.resume(paths.home()):
        print("A reset that was cut short is done now.")
    if arguments.part == "reset":  # also where the key is damaged
        return _reset(arguments)
    place = identity.folder()
    if arguments.part == "claim":
        return _claim(place, arguments)
    if arguments.part == "house":
        return _house(place, arguments.companion, arguments.folder)
    if arguments.part == "leave":
        return _leave(place)
    if arguments.part == "network":
        return _network(place, arguments)
    if arguments.part == "name":
        return _name(place, arguments.name)
    return _status(place)


def _status(place: Path) -> int:
    from provisioning import claiming, identity, membership

    own, held = identity.own(place), membership.read(place)
    rows = [
        ("name", identity.name(place)),
        ("id", own.id),
        ("key", own.fingerprint),
    ]
    if held is None:
        shown = claiming.pending(place)
        rows.append(("owner", f"nobody's; the code {shown.shown} waits" if shown else "nobody's; `rackdeck box claim`"))
    else:
        days = (held.expires - membership.now_ms()) // membership.DAY_MS
        ends = f"good for {days} days" if days >= 0 else "expired; `rackdeck box claim` makes it good again"
        if not held.owner:
            rows.append(("owner", f"nobody's yet; the first account at {held.companion} has it"))
        rows += [
            ("companion", held.companion),
            ("called", held.name),
            ("broker", f"{held.broker_host}:{held.broker_port}"),
            ("certificate", ends),
        ]
    print("\n".join(f"{name:<12}{text}" for name, text in rows))
    return 0


def _claim(place: Path, arguments: argparse.Namespace) -> int:
    from provisioning import claimcode, claiming, membership
    from provisioning.companion_link import CompanionLink

    address, pin = arguments.companion, arguments.pin
    if not address:
        held = membership.read(place)
        if held is None:
            raise InputError("say which companion: `rackdeck box claim --companion https://music.example.org`")
        address, pin = held.companion, pin or held.pin
    link = CompanionLink(address, pin)
    claim = claiming.begin(place, link)
    if arguments.svg:
        arguments.svg.write_text(claimcode.svg(claim.link), encoding="utf-8")
    if sys.stdout.isatty():
        print(claimcode.blocks(claim.link))
    check = f"{claim.check[:3]} {claim.check[3:]}"
    print(f"Type {claim.shown} under Boxes at {link.address}, or scan the code. It is good for ten minutes.")
    print(f"The page then shows the number {check}. If it shows another, that is not this box.", flush=True)
    with _shown(claim):
        made = claiming.wait(place, link, claim, sleep=time.sleep)
    print(f"{made.name} is claimed; its broker is {made.broker_host}:{made.broker_port}.")
    return 0


@contextlib.contextmanager
def _shown(claim: "Claim") -> Iterator[None]:
    """On the box's own screen, too, while it is good."""
    from device.panel.board import Writer

    board = Writer()
    ends = round(1000 * (time.time() + claim.left(time.monotonic())))
    board.show("claim", {"code": claim.shown, "url": claim.link, "check": claim.check, "ends": ends})
    try:
        yield
    finally:
        board.remove("claim")


def _house(place: Path, address: str, folder: Path) -> int:
    """Wait until the companion is there. MachineError when it refuses this box: its owner has revoked it.

    A box that somebody claims for another machine's companion meanwhile is that one's.
    """
    from device.sync.access import is_here
    from provisioning import claiming, membership
    from provisioning.companion_link import RefusedError

    while (held := membership.read(place)) is None or (held.companion != address and is_here(held.host)):
        try:
            claiming.join_house(place, address, folder / HOUSE_TOKEN_FILE)
        except RefusedError as exc:
            if exc.status == FORBIDDEN:
                raise
            time.sleep(HOUSE_WAIT_SECONDS)
        except MachineError:
            time.sleep(HOUSE_WAIT_SECONDS)
    return 0


def _leave(place: Path) -> int:
    from provisioning import claiming, membership

    if membership.read(place) is None:
        print("This box is nobody's.")
    elif claiming.leave(place):
        print("This box is nobody's now, and its companion knows.")
    else:
        print("This box is nobody's now. Its companion could not be told; revoke it there, under Boxes.")
    return 0


def _name(place: Path, name: str | None) -> int:
    from provisioning import identity

    if name is not None:
        if not name.strip() or len(name) > identity.LONGEST_NAME or not name.isprintable():
            raise InputError(f"a name has 1 to {identity.LONGEST_NAME} characters, without line breaks")
        identity.set_name(place, name)
    print(identity.name(place))
    return 0


def _network(place: Path, arguments: argparse.Namespace) -> int:
    from provisioning import captive, identity, network

    net = network.Network()
    if arguments.hostname is not None:
        net.set_hostname(arguments.hostname)
    if arguments.time_zone is not None:
        network.set_time_zone(arguments.time_zone)
    if arguments.setup:
        identity.own(place)
        setup = captive.Setup(net, identity.name(place)[:32], captive.setup_password())
        print(f"Join the Wi-Fi {setup.name} with the password {setup.password}; its page opens by itself.", flush=True)
        captive.run(setup, arguments.port)
    state = net.state()
    print(f"{state}: {network.SENTENCES[state]}")
    return 0


def _reset(arguments: argparse.Namespace) -> int:
    from device import paths
    from provisioning import claiming, identity, reset

    home = paths.home()
    what = "the key and the claim" if arguments.key else f"everything of this box in {home}, music and recordings too"
    if not arguments.key and (home / "companion" / "companion.db").exists():
        what += ", and its companion with all accounts and their music"
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise InputError(f"this erases {what}; say --yes if that is meant")
        if input(f"This erases {what}. Type yes to go on: ").strip().lower() != "yes":
            print("Nothing was erased.")
            return 1

    def farewell() -> None:
        with contextlib.suppress(MachineError):  # a damaged file may be why somebody resets
            claiming.leave(identity.folder())

    if arguments.key:
        farewell()
        reset.new_key(identity.folder())
        print("The key is erased; the box makes a new one when it is claimed.")
        return 0
    found = reset.reset(home, farewell)
    print(f"Erased: {', '.join(found)}." if found else "There was nothing to erase.")
    return 0
