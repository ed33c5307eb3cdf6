"""Runs a box's programs under supervisord, in this process.

supervisord does the work: it starts in order, restarts, stops in reverse and rotates the logs. Seven things it is
taught here, each through a method or event of its own: to act at once when a child ends (its loop looks once a
second; measured, an engine came back after 1.03 s, and after 0.03 s this way), to leave a program down that says
so by its exit status even right after its start, to take a program that is done so soon for done, to end one that
stands still, to stop on a hang-up, to say what it waits for when it stops, and to kill on a second Ctrl-C.
"""

import importlib
import os
import signal
import time
from pathlib import Path
from typing import Any

from device.panel import board
from device.runner.programs import STAYS_DOWN, Program
from device.runner.terminal import Terminal

DELAYS = (0.0, 0.0, 1.0, 2.0, 4.0, 8.0)  # seconds before the 1st, 2nd, … start again of a program that ends at once
PATIENCE_SECONDS = 1.0  # of somebody who waits for the box to stop, until it says for what
HUNG_SECONDS = 120  # without a beat on the board; four times what the screen waits before it says so


class WakingPoller:
    """supervisord's poller, woken by signals. After one it does not wait for two rounds: reap, then act."""

    def __init__(self, poller: Any):
        self._poller = poller
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._rounds = 1  # the first round only starts the programs
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        poller.register_readable(self._read)

    def poll(self, timeout: float) -> tuple[list[int], list[int]]:
        """File descriptors that are ready to read, and to write; waits up to `timeout` seconds."""
        readable, writable = self._poller.poll(0 if self._rounds else timeout)
        self._rounds = max(0, self._rounds - 1)
        if self._read in readable:
            os.read(self._read, 4096)
            readable = [file for file in readable if file != self._read]
            self._rounds = 2
        return readable, writable

    def close(self) -> None:
        """Hear no more signals."""
        signal.set_wakeup_fd(-1)
        self._poller.close()
        os.close(self._read)
        os.close(self._write)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._poller, name)


class Box:
    """The programs of one box, running. `run` returns when all of them have stopped."""

    def __init__(self, config: Path, programs: list[Program], terminal: Terminal):
        self._programs = {program.name: program for program in programs}
        self._terminal = terminal
        self._board = board.Reader()
        self._status = 0  # of the child that was reaped last, as waitpid has it
        self._down: set[str] = set()
        self._asked_to_stop = False
        self._stopping_since: dict[str, float] = {}
        self._waited_for: set[str] = set()
        self._outlives_terminal = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # started by nohup
        self._events = importlib.import_module("supervisor.events")
        self._states = importlib.import_module("supervisor.states")
        self._stopping = self._states.ProcessStates.STOPPING
        self._options = importlib.import_module("supervisor.options").ServerOptions()
        self._options.realize(["-c", str(config)], doc="")
        self._options.first, self._options.test = True, False
        self._wait, self._next_signal = self._options.waitpid, self._options.get_signal
        self._options.waitpid = self._waitpid
        self._options.get_signal = self._get_signal
        self._options.openhttpservers = self._subscribe  # the step before the first start; we serve no HTTP
        self._options.poller = WakingPoller(self._options.poller)
        self._supervisor = importlib.import_module("supervisor.supervisord").Supervisor(self._options)
        self._report = self._supervisor.shutdown_report
        self._supervisor.shutdown_report = self._still_running

    def run(self) -> int:
        """Run until a signal asks to stop (0), or until nothing vital runs any more (1)."""
        over = importlib.import_module("supervisor.medusa.asyncore_25").ExitNow
        try:
            self._supervisor.main()
        except over:
            pass
        finally:
            self._events.clear()
            self._options.close_logger()
        return 0 if self._asked_to_stop else 1

    def _subscribe(self, _supervisor: object) -> None:
        self._events.subscribe(self._events.ProcessLogStdoutEvent, self._heard)
        self._events.subscribe(self._events.ProcessStateExitedEvent, self._ended)
        self._events.subscribe(self._events.ProcessStateBackoffEvent, self._ended_early)
        self._events.subscribe(self._events.Tick5Event, self._end_hung)

    def _waitpid(self) -> tuple[int | None, int | None]:
        pid, status = self._wait()
        if pid:
            self._status = status
            process = self._options.pidhistory.get(pid)
            if process is not None and status == 0:
                process.config.startsecs = 0  # what ends well, however soon, has not failed to start
        return pid, status

    def _get_signal(self) -> int | None:
        number: int | None = self._next_signal()
        if number == signal.SIGHUP and self._outlives_terminal:
            return None
        if number not in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            return number
        if self._asked_to_stop and number == signal.SIGINT:
            for group in self._supervisor.process_groups.values():
                for process in group.processes.values():
                    process.delay = 0  # its time to end is over
        elif not self._asked_to_stop:
            self._terminal.line("up", "stopping")
        self._asked_to_stop = True
        return signal.SIGTERM

    def _still_running(self) -> list[Any]:
        """supervisord's look at what has not stopped yet; what takes long is said, once."""
        running: list[Any] = self._report()
        now, late = time.monotonic(), []
        for process in running:
            name = process.config.name
            if process.get_state() != self._stopping or name in self._waited_for:
                continue
            if now - self._stopping_since.setdefault(name, now) >= PATIENCE_SECONDS:
                late.append(name)
        if late:
            self._terminal.line("up", f"waiting for {', '.join(late)}")
            self._waited_for |= set(late)
        return running

    def _heard(self, event: Any) -> None:
        name = event.process.config.name
        for line in self._terminal.lines(name, event.data):
            if self._programs[name].shows(line):
                self._terminal.line(name, line)

    def _ended(self, event: Any) -> None:
        """A program ended by itself after it had run well."""
        if event.expected:
            self._stays_down(event.process)
        else:
            self._terminal.line("up", f"{event.process.config.name} {self._how(event.process)}; it starts again")

    def _ended_early(self, event: Any) -> None:
        """A program ended right after its start, or could not be started."""
        process = event.process
        if process.pid and os.WIFEXITED(self._status) and os.WEXITSTATUS(self._status) in STAYS_DOWN:
            process.backoff = process.config.startretries + 1  # supervisord gives it up at its next look
            self._stays_down(process)
            return
        delay = DELAYS[min(process.backoff, len(DELAYS)) - 1]
        process.delay = time.time() + delay
        when = f"it starts again in {delay:.0f} s" if delay else "it starts again"
        self._terminal.line("up", f"{process.config.name} {self._how(process)}; {when}")

    def _end_hung(self, _event: object) -> None:
        """A program that shows on the board that it works, and has not for long, is killed; then it starts again."""
        for group in self._supervisor.process_groups.values():
            for name, process in group.processes.items():
                document = self._board.read(self._programs[name].board) if self._programs[name].board else None
                if not document or not process.pid or document.get("pid") != process.pid:
                    continue
                silent = time.monotonic() - document.get("beat", time.monotonic())
                if silent > HUNG_SECONDS:
                    self._terminal.line("up", f"{name} has stood still for {silent:.0f} s")
                    os.kill(process.pid, signal.SIGKILL)  # what is stopped hears nothing else

    def _how(self, process: Any) -> str:
        if not process.pid:
            return f"could not be started ({process.spawnerr})"
        if os.WIFSIGNALED(self._status):
            return f"was ended by {signal.Signals(os.WTERMSIG(self._status)).name}"
        return f"ended with status {os.WEXITSTATUS(self._status)}"

    def _stays_down(self, process: Any) -> None:
        name = process.config.name
        if self._programs[name].once and os.WEXITSTATUS(self._status) == 0:
            pass  # it has done what it was for
        elif os.WEXITSTATUS(self._status) == 0:
            self._terminal.line("up", f"{name} closed; `rackdeck {name}` opens it again")
        else:
            self._terminal.line("up", f"{name} {self._how(process)} and stays down; logs/{name}.log says why")
        self._down.add(name)
        if not any(program.vital and program.name not in self._down for program in self._programs.values()):
            self._terminal.line("up", "nothing is left to run")
            self._options.mood = self._states.SupervisorStates.SHUTDOWN
