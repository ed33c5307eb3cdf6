"""Logs: one JSON object a line, to standard output, where the runner or journald keeps it."""

import datetime
import json
import logging
import os
import sys
from typing import Any, TextIO

from companion.config import Settings

SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie")
HIDDEN = "…"
_USUAL = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """A record as JSON: at, level, logger, message, process, what `extra` gave, and the exception if there is one.

    A value whose name says that it is secret is never written.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": os.getpid(),
        }
        for name, value in record.__dict__.items():
            if name not in _USUAL:
                line[name] = HIDDEN if any(word in name.lower() for word in SECRET_WORDS) else value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def install(settings: Settings, stream: TextIO | None = None) -> None:
    """Write all that is logged as JSON lines, at the level of the settings.

    The line of a request is JSON already and passes as it is: it is on the hot path.
    """
    lines = logging.StreamHandler(stream or sys.stdout)
    lines.setFormatter(JsonLines())
    requests = logging.StreamHandler(stream or sys.stdout)
    requests.setFormatter(logging.Formatter("%(message)s"))
    root, request = logging.getLogger(), logging.getLogger("companion.request")
    root.handlers[:], request.handlers[:] = [lines], [requests]
    request.propagate = False
    root.setLevel(settings.log_level.upper())
    for chatty in ("huey", "httpx", "botocore", "urllib3", "peewee"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
