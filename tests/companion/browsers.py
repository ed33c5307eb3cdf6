"""A browser that edits a document: a process of its own, with the Yjs that the page has."""

import json
import shutil
import subprocess
from pathlib import Path

from companion import database
from companion.accounts.models import Session
from companion.database import now
from companion.live import tickets

HOUR = 3_600_000
HERE = Path(__file__).parent
PACKAGES = HERE.parents[1] / "companion" / "page" / "package.json"
HAS_YJS = bool(shutil.which("node")) and all(
    (PACKAGES.parent / "node_modules" / name).is_dir() for name in ("yjs", "ws", "y-protocols")
)


class Browser:
    """One Yjs document, and its line to the companion."""

    def __init__(self):
        words = ["setpriv", "--pdeathsig", "TERM", "--", "node", str(HERE / "yjs.mjs"), str(PACKAGES)]
        self._child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, do, **more):
        self._child.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._child.stdin.flush()
        return json.loads(self._child.stdout.readline())

    def connect(self, port, number, user):
        """Whether the line is open, with a fresh ticket of the user's."""
        with database.connection():
            session = Session.get_or_none(Session.user == user) or Session.create(user=user, expires=now() + HOUR)
            ticket = tickets.issue(user, session.id)
        return self.ask("connect", url=f"ws://127.0.0.1:{port}/ws/documents/{number}?ticket={ticket}")["open"]

    def edit(self, *edits):
        self.ask("edit", edits=list(edits))

    @property
    def told(self):
        return self.ask("told")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.stdin.close()
        self._child.wait(10)
        self._child.stdout.close()
