"""/api/v1/boxes/<box>/files, and /api/v1/transfers, by which boxes send and fetch files with a token for each."""

from typing import Any, Literal

from flask import Response, jsonify, request
from pydantic import Field

from companion.database import ready
from companion.errors import NotFound, Unauthorized
from companion.media.kinds import FORMATS
from companion.storage.sending import send
from companion.transfers import listing, service, tokens
from companion.transfers.models import Transfer
from companion.uploads import files, tus
from companion.uploads import service as uploads
from companion.uploads.models import key
from companion.uploads.views import headers, patched
from companion.web.api import Answer, Api, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging

api = Api("transfers", "Files of boxes")
PIECE = 16 << 20  # bytes of one answer: then the token is judged anew, and the owner sees how far it is
READ = Rule(Access.ARTIST, "boxes:read", "page")
# a box has no account: it shows the token that came with the address
BOX = Rule(Access.PUBLIC, limit="transfer", reads_body=False, identifies=False, repeats=False)


class BoxFile(Answer):
    """A file that goes `up` from a box or `down` to it. `done`: bytes of `size` that went; hash: SHA-256.

    state: of what goes up waiting, wanted, checking, kept, put off or refused; of what goes down sent, there,
    disk full, not playable or failed. said: why. set: its number on the box; list: of what the box holds
    ready. file: one of your files, once it is here. Times in milliseconds since 1970.
    """

    id: str
    way: Literal["up", "down"]
    purpose: str
    name: str
    size: int
    done: int
    hash: str
    set: str
    list: str
    state: str
    said: str
    file: str
    created: int
    changed: int


class FilesWanted(Paging):
    """Which files."""

    way: Literal["", "up", "down"] = Field("", description="only those that come or go")


class Coming(Answer):
    """How far a file is that a box sends."""

    size: int
    offset: int


@api.on("GET", "/boxes/<box>/files", READ, query=FilesWanted, gives=Page[BoxFile])
def list_box_files(box: str, query: FilesWanted) -> Any:
    """Files that come from a box of yours or go to it, newest first."""
    rows, following = listing.listed(who().user, box, query.way, query.after, query.limit)
    return {"items": rows, "next": following}


def _shown(number: str, way: str) -> Transfer:
    """The file that the token of this request is for. Unauthorized."""
    ready()
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise Unauthorized("show the token that came with this address", {"WWW-Authenticate": "Bearer"})
    return tokens.judge(number, way, secret.strip())


@api.on("GET", "/transfers/<number>/upload", BOX, gives=Coming)
def get_coming(number: str) -> Any:
    """For a box: how far a file is that it sends, by tus (HEAD)."""
    row = _shown(number, "up")
    if request.method == "HEAD":
        tus.check_version(request.headers)
    upload = uploads.find(row.owner_id, row.upload)
    if upload.state not in files.UNDECIDED:
        raise NotFound("this upload is over")
    response = jsonify({"size": upload.size, "offset": upload.offset})
    response.headers.update(headers(upload))
    return response


@api.on("PATCH", "/transfers/<number>/upload", BOX, status=204, sends=tus.BODY)
def write_coming(number: str) -> Any:
    """For a box: send bytes of a file by the tus protocol, at `Upload-Offset`."""
    row = _shown(number, "up")
    return patched(row.owner_id, row.upload)


@api.on("GET", "/transfers/<number>/content", BOX, content="application/octet-stream")
def get_sent(number: str) -> Any:
    """For a box: fetch a file that was sent to it; ranges are understood."""
    row = _shown(number, "down")
    file = service.content(row)
    mime, box = FORMATS[file.format].mime, f"box {row.box}"
    response = send(uploads.storage(), key(file.id), mime, row.name, attach=True, most=PIECE, whose=box)
    if response.status_code == 206:
        service.fetched(row, _start(response))
    return response


def _start(response: Response) -> int:
    """Where the range of an answer begins."""
    return int(response.headers["Content-Range"].removeprefix("bytes ").partition("-")[0])
