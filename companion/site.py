"""The page: what its build left in `page/dist`, kept in memory and sent as the browser likes it packed."""

from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound as Missing

from companion.errors import NotFound, Unavailable
from companion.web import problems
from companion.web.api import Rule
from companion.web.identity import Access

DIST = Path(__file__).parent / "page" / "dist"
PACKINGS = {"br": ".br", "gzip": ".gz"}  # the best first
KINDS = {  # the system's own table differs from machine to machine
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
# first words of the page's addresses: all of them are the same document
PLACES = (
    "account", "admin", "boxes", "earnings", "forgot", "invitations", "library", "notices", "playlists", "projects",
    "reset", "sets", "sign-in", "sign-up", "verify",
)  # fmt: skip
ROOT_FILES = ("icon.svg", "icon-maskable.svg", "manifest.webmanifest", "sw.js")
FOREVER = "public, max-age=31536000, immutable"  # their names change with what is in them
ASK = "no-cache"


@dataclass(frozen=True, slots=True)
class File:
    """A built file: its bytes by content coding (`` is as they are)."""

    kind: str
    tag: str
    bodies: dict[str, bytes] = field(default_factory=dict)


def load(dist: Path) -> dict[str, File]:
    """All files of a build by their path, such as `assets/page-ABCD1234.js`; empty when there is none."""
    found = {}
    for path in sorted(dist.rglob("*")):
        if not path.is_file() or path.suffix in PACKINGS.values():
            continue
        body = path.read_bytes()
        made = File(
            KINDS.get(path.suffix, "application/octet-stream"),
            f'"{blake2b(body, digest_size=12).hexdigest()}"',
            {"": body},
        )
        for coding, suffix in PACKINGS.items():
            packed = path.with_name(path.name + suffix)
            if packed.exists():
                made.bodies[coding] = packed.read_bytes()
        found[path.relative_to(dist).as_posix()] = made
    return found


def install(app: Flask, dist: Path = DIST) -> dict[str, Rule]:
    """Register the page's routes; returns their rules."""
    files = load(dist)

    def document(**_place: str) -> Response:
        if "index.html" not in files:
            raise Unavailable("the page is not built here: run `make page`; the API works without it")
        return _send(files["index.html"], ASK)

    def root_file(name: str) -> Response:
        if name not in files:
            raise NotFound("there is no such file")
        return _send(files[name], ASK)

    def asset(name: str) -> Response:
        if f"assets/{name}" not in files:
            raise NotFound("there is no such file; the page may be newer than this one: load it again")
        return _send(files[f"assets/{name}"], FOREVER)

    def nowhere(error: Missing) -> Response:
        """A mistyped address: people get the page, which says so; programs what they can read."""
        kinds = request.accept_mimetypes
        person = "text/html" in kinds.values() and kinds["text/html"] >= kinds["application/json"]
        if request.method not in ("GET", "HEAD") or not person or "index.html" not in files:
            return problems.of_http(error)
        file = files["index.html"]
        return Response(file.bodies[""], 404, {"Cache-Control": ASK, "Vary": "Accept"}, content_type=file.kind)

    app.register_error_handler(Missing, nowhere)
    rule = Rule(Access.PUBLIC, limit="page", identifies=False)
    first = f"<any({','.join(repr(word) for word in PLACES)}):place>"
    for path in ("/", f"/{first}", f"/{first}/<path:rest>"):
        app.add_url_rule(path, "page", document)
    app.add_url_rule(f"/<any({','.join(repr(name) for name in ROOT_FILES)}):name>", "page_file", root_file)
    app.add_url_rule("/assets/<name>", "static", asset)  # as static files they are not counted
    return {"page": rule, "page_file": rule}


def _send(file: File, keep: str) -> Response:
    """A file, packed as the browser understands it; 304 when it has it."""
    accepted = request.accept_encodings
    coding = next((name for name in PACKINGS if name in file.bodies and accepted.quality(name) > 0), "")
    headers = {"Cache-Control": keep, "ETag": file.tag, "Vary": "Accept-Encoding"}
    if file.tag in request.headers.get("If-None-Match", ""):
        return Response(status=304, headers=headers)
    if coding:
        headers["Content-Encoding"] = coding
    return Response(file.bodies[coding], 200, headers, content_type=file.kind)
