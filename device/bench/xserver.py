"""A screen in memory and a keyboard for it, for programs that can be played no other way."""

import ctypes
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from device.bench.process import Child
from device.errors import MachineError

SIZE = "1920x1080x24"


class Screen:
    """An X server of the bench's own; keys go to the window that has the focus."""

    def __init__(self, name: str):
        self.name = name
        try:
            self._x11, self._xtest = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
        except OSError as exc:
            raise MachineError(f"keys cannot be pressed: {exc}; install libxtst6") from exc
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._x11.XStringToKeysym.restype = ctypes.c_ulong
        self._x11.XKeysymToKeycode.argtypes = (ctypes.c_void_p, ctypes.c_ulong)
        self._x11.XFlush.argtypes = self._x11.XCloseDisplay.argtypes = (ctypes.c_void_p,)
        self._xtest.XTestFakeKeyEvent.argtypes = (ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong)
        self._display = self._x11.XOpenDisplay(name.encode())
        if not self._display:
            raise MachineError(f"the X server {name} cannot be reached")

    def press(self, key: str) -> None:
        """Press and release a key, named as X names it; it is on its way when this returns."""
        code = self._x11.XKeysymToKeycode(self._display, self._x11.XStringToKeysym(key.encode()))
        for down in (1, 0):
            self._xtest.XTestFakeKeyEvent(self._display, code, down, 0)
        self._x11.XFlush(self._display)

    def focus(self, title: str) -> bool:
        """Give the focus to a visible window with that in its title. False when there is none."""
        words = ["xdotool", "search", "--onlyvisible", "--name", title]
        found = subprocess.run(words, env={"DISPLAY": self.name}, capture_output=True, text=True, check=False)
        windows = found.stdout.split()
        if not windows:
            return False
        words = ["xdotool", "windowfocus", windows[-1]]
        done = subprocess.run(words, env={"DISPLAY": self.name}, capture_output=True, check=False)
        return done.returncode == 0

    def close(self) -> None:
        """Leave the X server."""
        self._x11.XCloseDisplay(self._display)


@contextmanager
def screen(folder: Path) -> Iterator[Screen]:
    """Start an X server without hardware. MachineError when Xvfb or xdotool is missing."""
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            raise MachineError(f"{program} is not installed; `apt install xvfb xdotool` brings it")
    with ExitStack() as stack:
        log = folder / f"xvfb-{time.monotonic_ns()}.log"
        words = ["Xvfb", "-displayfd", "1", "-screen", "0", SIZE, "-nolisten", "tcp"]
        child = stack.enter_context(Child(words, log))
        child.wait_until(lambda: log.read_text(errors="replace").strip().isdigit(), "the X server starts")
        shown = Screen(f":{log.read_text().strip()}")
        stack.callback(shown.close)
        yield shown
