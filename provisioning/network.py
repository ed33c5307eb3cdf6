"""The box's network, through NetworkManager's nmcli: what there is, joining a Wi-Fi, being one to be set up by.

Everything a box does works without a network; this says what waits for one.
"""

import contextlib
import re
import subprocess
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from device.errors import InputError, MachineError

PROFILE = "rackdeck-setup"
ANSWER_SECONDS = 10
JOIN_SECONDS = 45
_WRONG_PASSWORD = re.compile(r"secrets were required|802-1[1x]|password", re.IGNORECASE)
_NO_SUCH = re.compile(r"no network with ssid", re.IGNORECASE)

Kind = Literal["online", "local", "offline", "unmanaged"]
SENTENCES: dict[Kind, str] = {
    "online": "connected",
    "local": "connected, but not to the internet; what must reach a companion elsewhere waits",
    "offline": "not connected; playing, mixing and recording go on, and what the companion must know waits",
    "unmanaged": "NetworkManager does not run here; set the network up as this system does it",
}


@dataclass(frozen=True, slots=True)
class Wifi:
    """A network in reach. signal: 0 to 100."""

    name: str
    signal: int
    locked: bool


class Network:
    """NetworkManager. program: how nmcli is called."""

    def __init__(self, program: Sequence[str] = ("nmcli",)):
        self._program = tuple(program)

    def state(self) -> Kind:
        """What kind of network there is; "unmanaged" where NetworkManager cannot say."""
        try:
            state, _, reach = self._ask("-t", "-f", "STATE,CONNECTIVITY", "general").strip().partition(":")
        except MachineError:
            return "unmanaged"
        if not state.startswith("connected"):
            return "offline"
        return "online" if reach in ("full", "unknown") else "local"

    def reachable(self) -> list[Wifi]:
        """Wi-Fi in reach, strongest first, each name once. MachineError when there is no radio that works."""
        found: dict[str, Wifi] = {}
        lines = self._ask("-t", "-f", "SSID,SIGNAL,SECURITY", "device", "wifi", "list", "--rescan", "yes").splitlines()
        for line in lines:
            fields = _fields(line)
            if len(fields) != 3 or not fields[0] or not fields[1].isdecimal():
                continue  # a hidden network, or what a later nmcli says
            wifi = Wifi(fields[0], min(100, int(fields[1])), fields[2] not in ("", "--"))
            if wifi.name not in found or found[wifi.name].signal < wifi.signal:
                found[wifi.name] = wifi
        return sorted(found.values(), key=lambda wifi: (-wifi.signal, wifi.name))

    def join(self, name: str, password: str = "") -> None:
        """Connect, and remember. InputError for a wrong name or password, MachineError for what is not the user's.

        nmcli takes the password on its command line, so this machine's processes can see it for as long as it tries.
        """
        if not name or len(name.encode()) > 32 or not name.isprintable():
            raise InputError("the name of a Wi-Fi has 1 to 32 characters")
        if password and (not 8 <= len(password) <= 64 or not password.isprintable()):
            raise InputError("a Wi-Fi's password has 8 to 63 characters")
        words = ["--wait", str(JOIN_SECONDS), "device", "wifi", "connect", name]
        try:
            self._ask(*words, *(["password", password] if password else []), seconds=JOIN_SECONDS + 10)
        except MachineError as exc:
            self._forget(name)  # or it would be tried again and again with what is wrong
            if _NO_SUCH.search(str(exc)):
                raise InputError(f"no Wi-Fi called {name} is in reach; move closer, or choose another") from exc
            if _WRONG_PASSWORD.search(str(exc)):
                raise InputError(f"{name} does not take this password") from exc
            raise

    def _forget(self, name: str) -> None:
        with contextlib.suppress(MachineError):  # there was none
            self._ask("connection", "delete", "id", name)

    def open_setup(self, name: str, password: str) -> None:
        """Be a Wi-Fi oneself, which phones and laptops join to set the box up. MachineError without a radio."""
        self._ask("device", "wifi", "hotspot", "con-name", PROFILE, "ssid", name, "password", password, seconds=30)

    def close_setup(self) -> None:
        """End that. Nothing happens when there is none."""
        self._forget(PROFILE)

    def set_hostname(self, name: str) -> None:
        """What the box is called in its network. InputError for what is no name of a host."""
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
            raise InputError("a name in the network has small letters, digits and hyphens, 63 at most")
        self._ask("general", "hostname", name)

    def _ask(self, *words: str, seconds: float = ANSWER_SECONDS) -> str:
        """What nmcli answers. MachineError with its own words."""
        try:
            done = subprocess.run(
                [*self._program, *words], capture_output=True, text=True, errors="replace", timeout=seconds, check=False
            )
        except FileNotFoundError as exc:
            raise MachineError("nmcli is not installed; install the package network-manager") from exc
        except subprocess.TimeoutExpired as exc:
            raise MachineError(f"NetworkManager did not answer within {seconds:.0f} s; try again") from exc
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").splitlines()[-1]
            raise MachineError(f"NetworkManager says: {said.removeprefix('Error: ')[:300]}")
        return done.stdout


def _fields(line: str) -> list[str]:
    """The fields of a line of `nmcli -t`, where a colon or backslash within a field has a backslash before it."""
    fields, letters = [""], iter(line)
    for letter in letters:
        if letter == ":":
            fields.append("")
        else:
            fields[-1] += next(letters, "") if letter == "\\" else letter
    return fields


def set_time_zone(name: str, program: Sequence[str] = ("timedatectl",)) -> None:
    """Such as `Europe/Berlin`. InputError for one that there is not; MachineError when the system refuses."""
    if name not in time_zones():
        raise InputError(f"there is no time zone {name[:60]!r}; one is like Europe/Berlin")
    try:
        done = subprocess.run([*program, "set-timezone", name], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise MachineError("the time zone could not be set: timedatectl does not answer") from exc
    if done.returncode != 0:
        raise MachineError(f"the time zone could not be set: {done.stderr.strip()[:200]}")


def time_zones() -> list[str]:
    """Those that this system knows, by region."""
    return sorted(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")
