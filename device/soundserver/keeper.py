"""Keeps one jackd running: on a sound card while one plays, else on the dummy driver."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from device.errors import MachineError
from device.soundserver import jackd
from device.soundserver.cards import Backend, Card, choose_backend, list_cards
from device.soundserver.server import SoundReport, erase_report, find

LOOK_SECONDS = 1.0
START_SECONDS = 20.0  # a server that cannot play ends by itself at once; a machine that boots is slow
LONGEST_LOOK = 5.0  # nothing else is heard meanwhile
STOP_SECONDS = 4.0
CRASHES_ALLOWED = 3
CRASH_WINDOW = 60.0


class Keeper:
    """Starts jackd, watches it and the cards, and changes the backend when a card comes or goes.

    wish: `auto`, `alsa`, `dummy`, or an ALSA device such as `hw:CODEC,0`. A card that fails is left alone
    until it was unplugged, so that nothing restarts in a loop. `say` gets one sentence per event.
    `root` is where /proc and /dev are looked for.
    """

    def __init__(
        self,
        settings: jackd.Settings,
        wish: str = "auto",
        *,
        realtime: bool = True,
        say: Callable[[str], None] = print,
        root: Path = Path("/"),
        program: str = "jackd",
    ):
        self._settings, self._wish, self._realtime = settings, wish, realtime
        self._say, self._root, self._program = say, root, program
        self._refused: set[str] = set()  # a card's ident, or a device that was asked for by name
        self._crashes: list[float] = []
        self._server: subprocess.Popen[bytes] | None = None
        self._stop = False

    def stop(self) -> None:
        """Ask `run` to end. Safe in a signal handler."""
        self._stop = True
        if self._server is not None:
            self._server.terminate()

    def run(self) -> int:
        """Keep a server until `stop`; 0 then. MachineError when not even the dummy driver starts."""
        try:
            while not self._stop:
                backend = self._choose()
                if not self._start(backend):
                    continue
                self._watch(backend)
            return 0
        finally:
            self._end_server()
            erase_report()

    def _choose(self) -> Backend:
        if self._wish == "dummy":
            return Backend("dummy", "", "nowhere (JACK's dummy driver), as asked")
        if self._wish not in ("auto", "alsa"):
            if self._wish in self._refused:
                return Backend("dummy", "", f"nowhere (JACK's dummy driver): {self._wish} does not play")
            card = next((card for card in self._cards() if card.alsa_name == self._wish), None)
            return Backend("alsa", self._wish, f"to {card or self._wish}, as asked", card)
        return choose_backend(self._cards(), self._refused)

    def _cards(self) -> list[Card]:
        return list_cards(self._root)

    def _start(self, backend: Backend) -> bool:
        """Start jackd on a backend. False when it would not play and another must be chosen."""
        tries = [self._settings]
        if backend.driver == "alsa" and self._settings.safer() != self._settings:
            tries.append(self._settings.safer())
        for settings in tries:
            if self._launch(backend, settings):
                self._say(f"the sound goes {backend.why} ({settings.rate} Hz, {settings.period} frames)")
                if settings.period != self._settings.period:
                    self._say(f"the card would not play with {self._settings.period} frames; {settings.period} it is")
                return True
            if self._stop:
                return False
        if backend.driver == "dummy":
            raise MachineError(
                "jackd does not start, not even with the dummy driver; its lines above say why (at `Too many servers`, "
                "end all of them and `rm /dev/shm/jack*`)"
            )
        self._refuse(backend, jackd.why_refused(backend.card, self._settings, self._root))
        return False

    def _launch(self, backend: Backend, settings: jackd.Settings) -> bool:
        command = jackd.jackd_command(backend, settings, self._realtime, self._program)
        try:
            self._server = subprocess.Popen(command, env=jackd.jackd_environment())
        except FileNotFoundError as exc:
            raise MachineError(f"{exc.filename} is not installed; run provisioning/install.sh") from exc
        deadline = time.monotonic() + START_SECONDS
        while not self._stop and self._server.poll() is None and (left := deadline - time.monotonic()) > 0:
            if find(settings.name, timeout=min(left, LONGEST_LOOK)).outputs:
                report = SoundReport(
                    os.getpid(),
                    settings.name,
                    backend.driver,
                    backend.device,
                    settings.rate,
                    settings.period,
                    backend.why,
                    str(backend.card or ""),
                )
                report.write()
                return True
            time.sleep(0.1)
        self._end_server()
        return False

    def _watch(self, backend: Backend) -> None:
        """Return when another backend has to be chosen, or the same one started again."""
        assert self._server is not None
        ending = os.pidfd_open(self._server.pid)
        try:
            while not self._stop:
                if select.select([ending], [], [], LOOK_SECONDS)[0]:
                    status = self._server.wait()
                    if not self._stop:
                        self._crashed(backend, status)
                    return
                if self._should_change(backend):
                    self._end_server()
                    return
        finally:
            os.close(ending)

    def _should_change(self, backend: Backend) -> bool:
        """Look at the cards: ours may have gone, or one may have come while we play to nowhere."""
        present = {card.ident for card in self._cards()}
        self._refused = {name for name in self._refused if name in present or name == self._wish}
        if backend.card is not None and backend.card.ident not in present:
            self._say(f"{backend.card} was unplugged")
            return True
        if backend.driver == "dummy" and self._wish in ("auto", "alsa"):
            better = choose_backend(self._cards(), self._refused)
            if better.driver == "alsa":
                self._say(f"{better.card} is there now")
                return True
        return False

    def _crashed(self, backend: Backend, status: int) -> None:
        now = time.monotonic()
        self._crashes = [moment for moment in self._crashes if now - moment < CRASH_WINDOW] + [now]
        ending = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        if len(self._crashes) <= CRASHES_ALLOWED:
            self._say(f"jackd {ending}; starting it again")
        elif backend.driver == "alsa":
            self._crashes.clear()
            self._refuse(
                backend, f"made jackd end {CRASHES_ALLOWED + 1} times in a minute; unplug it and plug it in again"
            )
        else:
            raise MachineError(f"jackd {ending}, again and again; its lines above say why")

    def _refuse(self, backend: Backend, why: str) -> None:
        self._refused.add(backend.card.ident if backend.card is not None else backend.device)
        self._say(f"{backend.card or backend.device} {why}")

    def _end_server(self) -> None:
        if self._server is None:
            return
        self._server.terminate()
        try:
            self._server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None
