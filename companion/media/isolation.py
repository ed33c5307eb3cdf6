"""Shutting a process in before it reads a stranger's file: limits, no network, no other files, nobody's rights."""

import contextlib
import ctypes
import math
import os
import resource
import signal
import struct
from collections.abc import Iterator

MEMORY_BYTES = 2 << 30
NOBODY = 65534
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446  # the same numbers on every architecture
_LANDLOCK_ALL_FILES = (1 << 13) - 1  # the rights that the first version knows: all of reading, writing, making, running


@contextlib.contextmanager
def brisk(cpu_seconds: int) -> Iterator[None]:
    """End this process when what is done here takes longer: a hundred thousand tags keep a reader busy for minutes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    used = resource.getrusage(resource.RUSAGE_SELF)
    least = math.ceil(used.ru_utime + used.ru_stime) + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (least if hard == resource.RLIM_INFINITY else min(least, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def shut_in(cpu_seconds: int) -> list[str]:
    """Give up what reading a file does not need. Returns which of network, files, rights this kernel let go.

    Limits always hold: of memory, of processor time, of writing anything. What will be used must have been imported and
    opened before.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    for limit, value in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        hard = resource.getrlimit(limit)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (most, most))
    gone = []
    root = os.getuid() == 0
    spaces = _CLONE_NEWNET | _CLONE_NEWIPC | (0 if root else _CLONE_NEWUSER)
    if libc.unshare(spaces) == 0:
        gone.append("network")
    if root:
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            gone.append("rights")
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # a change of user forgets it
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    rules = struct.pack("Q", _LANDLOCK_ALL_FILES)
    ruleset = libc.syscall(_LANDLOCK_CREATE, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset >= 0:
        if libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0:
            gone.append("files")
        os.close(ruleset)
    return gone
