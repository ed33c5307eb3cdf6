"""Writes supervisord's configuration for a box."""

import os
import shlex
from pathlib import Path

from device.errors import ConfigError
from device.runner.programs import STAYS_DOWN, Program

LOG_BYTES = 1_000_000
LOG_BACKUPS = 3
OPEN_FILES = 256  # pipes and logs of all programs, with room to spare
STEADY_SECONDS = 5  # a program that ends sooner than this after its start is given more and more time between starts
_HEAD = """\
; Written by `rackdeck up` at each start; changes are lost.
[supervisord]
nodaemon=true
silent=true
logfile={logs}/up.log
logfile_maxbytes={log_bytes}
logfile_backups={log_backups}
pidfile={folder}/supervisord.pid
childlogdir={folder}
nocleanup=true
minfds={open_files}
minprocs=16
{user}"""
_PROGRAM = """
[program:{name}]
command={command}
priority={order}
startsecs={steady}
startretries=1000000000
autorestart=unexpected
exitcodes={stays_down}
stopsignal=TERM
stopasgroup=true
stopwaitsecs={stop_seconds}
redirect_stderr=true
stdout_events_enabled=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes={log_bytes}
stdout_logfile_backups={log_backups}
"""


def _quoted(word: str) -> str:
    """A word for a shell-like line in an ini file, where ` ;` and ` #` start a comment and % an expansion."""
    return shlex.quote(word).replace(" ;", " '';").replace(" #", " ''#").replace("%", "%%")


def _path(path: Path) -> str:
    text = str(path)
    for part in ("%", " ;", " #", "\n"):
        if part in text:
            raise ConfigError(f"RACKDECK_HOME must be a folder without {part!r} in its name, not {text!r}")
    return text


def render(programs: list[Program], folder: Path, logs: Path) -> str:
    """The configuration's text, for a runner that works in `folder` and logs to `logs`.

    Each program gets a signal when the runner dies, however it dies: no process stays behind unwatched.
    ConfigError when supervisord could not read such a folder's name.
    """
    user = "user=root\n" if os.getuid() == 0 else ""  # says that root is meant, or supervisord warns
    places = {"folder": _path(folder), "logs": _path(logs), "log_bytes": LOG_BYTES, "log_backups": LOG_BACKUPS}
    parts = [_HEAD.format(user=user, open_files=OPEN_FILES, **places)]
    for program in sorted(programs, key=lambda program: program.order):
        command = ("setpriv", "--pdeathsig", "TERM", "--", *program.command)
        parts.append(
            _PROGRAM.format(
                name=program.name,
                command=" ".join(_quoted(word) for word in command),
                order=program.order,
                steady=STEADY_SECONDS,
                stays_down=",".join(str(status) for status in STAYS_DOWN),
                stop_seconds=program.stop_seconds,
                **places,
            )
        )
    for order in sorted({program.order for program in programs}):
        names = ",".join(program.name for program in programs if program.order == order)
        parts.append(f"\n[group:order{order}]\nprograms={names}\npriority={order}\n")  # a group is stopped all at once
    return "".join(parts)


def write(folder: Path, logs: Path, programs: list[Program]) -> Path:
    """Store the configuration in `folder` and return its path. ConfigError as `render`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "supervisord.conf"
    try:
        path.write_text(render(programs, folder, logs))  # in the locale's encoding, as supervisord reads it
    except UnicodeEncodeError as exc:
        raise ConfigError(
            f"the name of a folder has characters that this system's character set lacks ({exc.object[exc.start]!a}): "
            "rename RACKDECK_HOME or the music folder, or set LANG=C.UTF-8"
        ) from exc
    return path
