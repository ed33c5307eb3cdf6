"""Flask with nothing around it: one read by primary key, answered as JSON. BENCH_DATABASE says where."""

import os
import sqlite3
import threading

from flask import Flask, Response, jsonify

app = Flask(__name__)
_local = threading.local()
COLUMNS = ("id", "email", "name", "access", "tier", "created", "verified")


@app.get("/profile/<user>")
def profile(user: str) -> Response:
    """A row of the table of users."""
    if not hasattr(_local, "line"):
        _local.line = sqlite3.connect(os.environ["BENCH_DATABASE"])
    row = _local.line.execute(f'SELECT {", ".join(COLUMNS)} FROM "user" WHERE id = ?', (user,)).fetchone()
    return jsonify(dict(zip(COLUMNS, row, strict=True)))
