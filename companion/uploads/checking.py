"""The job that looks at an upload: what it is, whether it is there already, and what it becomes."""

import hashlib
import io
import json
from pathlib import Path

import peewee

from companion.database import database
from companion.errors import NotFound, Problem, Unavailable
from companion.jobs import service as jobs
from companion.media import sandbox
from companion.media.kinds import FORMATS, Refused
from companion.uploads import files, purposes, service
from companion.uploads.models import StoredFile, Upload, key

_CHUNK = 1 << 20
_HASHED = 0.1  # share of the work


@jobs.handler("check")
def check(work: jobs.Work) -> None:
    """Check one upload. Safe to run twice: the file's id is the upload's."""
    row = Upload.get_or_none((Upload.id == work.subject) & (Upload.state == "checking"))
    if row is None:
        return
    with service.scratch() as folder:
        try:
            _settle(work, row, _source(row, Path(folder)))
        except Unavailable:
            raise
        except (Refused, Problem) as exc:
            service.refuse(row, str(exc), exc)


def _source(row: Upload, folder: Path) -> Path:
    """Where the bytes are: in quarantine, or in storage when a worker died after it had put them there."""
    path = service.path(row.id)
    if path.exists():
        return path
    try:
        return service.storage().local(key(row.id), folder)
    except NotFound:
        raise Refused("the upload was lost before it was looked at; send it again") from None


def _settle(work: jobs.Work, row: Upload, source: Path) -> None:
    digest = _hash(work, source, row.size)
    if json.loads(row.details).get("sha256", digest) != digest:
        raise purposes.OtherFile("what came is not the file that was announced")
    same = files.same(row.owner_id, digest)
    try:
        _accept(row, same or _keep(work, row, source, digest), same is not None)
    except peewee.IntegrityError as exc:  # the same content came twice at once, and the other was faster
        same = files.same(row.owner_id, digest)
        if same is None:
            raise Unavailable("what this file goes with was removed at this moment") from exc
        _accept(row, same, True)
    service.path(row.id).unlink(missing_ok=True)


def _accept(row: Upload, file: StoredFile, duplicate: bool) -> None:
    with database.atomic():
        if not duplicate:
            file.save(force_insert=True)
        service.accept(row, file, duplicate)
        if duplicate:  # a check that died may have stored it a second time
            files.clear_later(row.id)


def _hash(work: jobs.Work, source: Path, size: int) -> str:
    total, done, told = hashlib.sha256(), 0, 0
    with source.open("rb") as file:
        while piece := file.read(_CHUNK):
            total.update(piece)
            done += len(piece)
            if done - told >= 64 * _CHUNK:
                told = done
                work.progress(_HASHED * done / size, "reading")
    return total.hexdigest()


def _keep(work: jobs.Work, row: Upload, source: Path, digest: str) -> StoredFile:
    """Probe the file, put it and what was made of it into storage; returns its row, not saved yet."""
    format_ = FORMATS[row.format]
    if purposes.unseen(row.purpose):
        report = sandbox.Report({})
    else:
        report = sandbox.probe(
            source, format_, lambda share: work.progress(_HASHED + (0.95 - _HASHED) * share, "measuring")
        )
    facts, store = report.facts, service.storage()
    format_ = FORMATS[facts.pop("format", format_.name) if format_.kind == "video" else format_.name]
    purposes.check_size(format_.kind, row.size)  # a video without pictures is a sound
    facts.pop("apart", None)
    if "loudness" in facts:
        loudness = facts["loudness"]
        curve = {"step_seconds": loudness.pop("step_seconds"), "short_term": loudness.pop("curve")}
        measures = json.dumps({"loudness": curve, "spectrum": facts.pop("spectrum")}).encode()
        store.put(key(row.id, "measures"), io.BytesIO(measures))
    for name, data in report.blobs.items():
        if name in files.DERIVED:  # the child's word is a stranger's
            store.put(key(row.id, name), io.BytesIO(data))
    work.progress(0.97, "storing")
    if source == service.path(row.id):
        store.adopt(key(row.id), source)
    return StoredFile(
        id=row.id,
        owner=row.owner_id,
        sha256=digest,
        size=row.size,
        kind=format_.kind,
        format=format_.name,
        name=row.name,
        art="art-320" in report.blobs,
        facts=json.dumps(facts),
    )
