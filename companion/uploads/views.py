"""/api/v1/uploads (the tus 1.0.0 protocol) and /api/v1/files."""

from typing import Any, Literal

from flask import Response, jsonify, request
from pydantic import Field

from companion.errors import WrongType
from companion.media.kinds import FORMATS
from companion.storage.sending import send
from companion.uploads import checking, files, purposes, service, tus
from companion.uploads.models import Upload, key
from companion.uploads.receiving import WrongSumError
from companion.web.api import Answer, Api, Rule
from companion.web.identity import Access, who
from companion.web.paging import Page, Paging, decode, page

api = Api("uploads", "Uploads and files")
WRITE = Rule(Access.ARTIST, "uploads:write", limit="upload", reads_body=False)
GO_ON = Rule(Access.ARTIST, "uploads:write", limit="page", reads_body=False)
READ = Rule(Access.ARTIST, "uploads:read", limit="page")
_WORK = checking.check  # the job is known wherever uploads are


class UploadOut(Answer):
    """An upload. `state` is receiving, checking, ready or refused; `reason` says why it was refused.

    `purpose` is track, version, stem, artwork or file; `result` the id of what it became: the track, the version, the
    file. `duplicate`: the same content was there already. Times in milliseconds since 1970.
    """

    id: str
    name: str
    purpose: str
    subject: str
    size: int
    offset: int
    format: str
    state: Literal["receiving", "checking", "ready", "refused"]
    reason: str
    file: str
    duplicate: bool
    result: str
    created: int
    expires: int


class FileOut(Answer):
    """A stored file. `facts` are what a probe found, by kind; `art`: whether pictures of it can be had."""

    id: str
    name: str
    kind: Literal["audio", "video", "image", "project", "opaque"]
    format: str
    size: int
    sha256: str
    art: bool
    facts: dict[str, Any]
    created: int


class FileList(Paging):
    """Which files."""

    kind: Literal["", "audio", "video", "image", "project", "opaque"] = Field("", description="only of this kind")


def headers(row: Upload) -> dict[str, str]:
    """What tus says of an upload."""
    found = {
        "Tus-Resumable": tus.VERSION,
        "Upload-Offset": str(row.offset),
        "Upload-Length": str(row.size),
        "Cache-Control": "no-store",
    }
    if row.state == "receiving":
        found["Upload-Expires"] = tus.date(row.expires)
    return found


def _wrong_sum(offset: int) -> Response:
    response = Response("the bytes are not those of the checksum; send them again\n", "460 Checksum Mismatch")
    response.headers.update({"Tus-Resumable": tus.VERSION, "Upload-Offset": str(offset), "Content-Type": "text/plain"})
    return response


def _write(owner: str, upload: str, offset: int) -> Upload:
    """Take the body of this request. The server's own stream ends with the body; Flask's would copy each piece."""
    checksum = tus.checksum(request.headers)
    return service.write(owner, upload, offset, request.environ["wsgi.input"], request.content_length, checksum)


def patched(owner: str, upload: str) -> Response:
    """Answer a PATCH of tus with the bytes that it brought in an owner's upload."""
    tus.check_version(request.headers)
    if request.mimetype != tus.BODY:
        raise WrongType(f"send the bytes as {tus.BODY}")
    offset = tus.number(request.headers, "Upload-Offset")
    try:
        row = _write(owner, upload, offset)
    except WrongSumError:
        return _wrong_sum(offset)
    return Response(status=204, headers=headers(row))


@api.on("OPTIONS", "/uploads", Rule(Access.PUBLIC, limit="page"), status=204)
def upload_options() -> Any:
    """What this tus server can do."""
    return Response(status=204, headers=tus.capabilities(purposes.most()))


@api.on("POST", "/uploads", WRITE, gives=UploadOut, status=201, sends=tus.BODY)
def create_upload() -> Any:
    """Begin an upload by the tus protocol.

    Headers: `Tus-Resumable: 1.0.0`, `Upload-Length` in bytes, `Upload-Metadata` with base64 of `filename`, `purpose`
    (track, version, stem, artwork, file; by default what the content suggests), `subject` (the id of the track, where
    it is for one), `label` and `kind` of a version. A body of the type `application/offset+octet-stream` is the
    beginning. `Location` of the answer is where the rest goes.
    """
    tus.check_version(request.headers)
    size, metadata = tus.number(request.headers, "Upload-Length"), tus.metadata(request.headers)
    sends = request.mimetype == tus.BODY
    if request.content_length and not sends:
        raise WrongType(f"send the bytes as {tus.BODY}")
    tus.checksum(request.headers)
    row = service.create(who().user, size, metadata, request.remote_addr or "")
    if sends:
        try:
            row = _write(who().user, row.id, 0)
        except WrongSumError:
            return _wrong_sum(0)
    response = jsonify(service.told(row))
    response.status_code = 201
    response.headers.update(headers(row) | {"Location": f"/api/v1/uploads/{row.id}"})
    return response


@api.on("GET", "/uploads", READ, query=Paging, gives=Page[UploadOut])
def list_uploads(query: Paging) -> Any:
    """Your uploads of the last seven days, newest first."""
    last = decode(query.after, [str])
    rows = service.listed(who().user, last[0] if last else "", query.limit + 1)
    shown, following = page(rows, query.limit, lambda row: [row.id])
    return {"items": [service.told(row) for row in shown], "next": following}


@api.on("GET", "/uploads/<upload>", READ, gives=UploadOut)
def get_upload(upload: str) -> Any:
    """How far an upload is: for tus by HEAD, in headers; for pages by GET."""
    if request.method == "HEAD":
        tus.check_version(request.headers)
    row = service.find(who().user, upload)
    response = jsonify(service.told(row))
    response.headers.update(headers(row))
    return response


@api.on("PATCH", "/uploads/<upload>", GO_ON, status=204, sends=tus.BODY)
def write_upload(upload: str) -> Any:
    """Send bytes by the tus protocol, at `Upload-Offset`; `Upload-Checksum` (sha256, sha1, md5) is checked if given."""
    return patched(who().user, upload)


@api.on("DELETE", "/uploads/<upload>", GO_ON, status=204)
def cancel_upload(upload: str) -> Any:
    """Cancel an upload, or forget one that is over."""
    tus.check_version(request.headers)
    service.cancel(who().user, upload)
    return Response(status=204, headers={"Tus-Resumable": tus.VERSION})


@api.on("GET", "/files", READ, query=FileList, gives=Page[FileOut])
def list_files(query: FileList) -> Any:
    """Your files, newest first."""
    last = decode(query.after, [str])
    rows = files.listed(who().user, query.kind, last[0] if last else "", query.limit + 1)
    shown, following = page(rows, query.limit, lambda row: [row.id])
    return {"items": [files.told(row) for row in shown], "next": following}


@api.on("GET", "/files/<file>", READ, gives=FileOut)
def get_file(file: str) -> Any:
    """One file, and what is known of it."""
    return files.told(files.find(who().user, file))


@api.on("GET", "/files/<file>/content", READ, content="application/octet-stream")
def get_content(file: str) -> Any:
    """The file itself, always to be saved; ranges are understood."""
    row = files.find(who().user, file)
    name = files.saved_name(row.name, row.format)
    return send(service.storage(), key(row.id), FORMATS[row.format].mime, name, attach=True)


@api.on("DELETE", "/files/<file>", Rule(Access.ARTIST, "uploads:write"), status=204)
def delete_file(file: str) -> Any:
    """Delete a file that no track uses."""
    files.remove(who().user, file)
