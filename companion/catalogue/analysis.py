"""The seam for analysers: whoever finds tempo, grid, key, chords or structure registers here; a job runs them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from companion.catalogue import changes
from companion.catalogue.models import Analysis, Track
from companion.database import Compiled, database
from companion.errors import Conflict, NotFound
from companion.jobs import service as jobs
from companion.uploads import service as uploads
from companion.uploads.models import key

JOB = "analyse"


@dataclass(frozen=True, slots=True)
class Findings:
    """What an analyser found. tempo: beats a minute; key: such as `F#m`; results: JSON (grid, chords, structure)."""

    tempo: float | None = None
    key: str = ""
    results: dict[str, Any] = field(default_factory=dict)


# (path of the audio, progress from 0 to 1) to findings
Analyse = Callable[[Path, Callable[[float], None]], Findings]
_analysers: dict[str, tuple[str, Analyse]] = {}
_OF_FILE = Compiled(
    lambda file: (
        Analysis.select(
            Analysis.analyser, Analysis.release, Analysis.tempo, Analysis.key, Analysis.results, Analysis.made
        )
        .where(Analysis.file == file)
        .order_by(Analysis.made)
    )
)


def register(name: str, release: str, analyse: Analyse) -> Callable[[], None]:
    """Add an analyser; a new release analyses anew when asked. Returns what takes it away again."""
    _analysers[name] = release, analyse
    return lambda: _analysers.pop(name, None) and None


def available() -> list[str]:
    """The analysers there are."""
    return sorted(_analysers)


def of_file(file: str) -> list[dict[str, Any]]:
    """All that was found in a file, by analyser."""
    names = ("analyser", "release", "tempo", "key", "results", "made")
    rows = [dict(zip(names, row, strict=True)) for row in _OF_FILE.run(file)]
    return [row | {"results": json.loads(row["results"])} for row in rows]


def begin(owner: str, track: str, file: str) -> None:
    """Queue the analysis of a track's file, in the caller's transaction; nothing without an analyser."""
    if _analysers and file and not jobs.waiting(JOB, track):
        jobs.enqueue(JOB, owner=owner, subject=track, file=file)


def ask(owner: str, track: str) -> None:
    """Analyse a track of the owner's. NotFound; Conflict without an analyser or while it is being analysed."""
    with database.atomic():
        row = Track.get_or_none((Track.id == track) & (Track.owner == owner) & Track.deleted.is_null())
        if row is None:
            raise NotFound("there is no such track")
        if not _analysers:
            raise Conflict("this companion has no analyser yet")
        if jobs.waiting(JOB, track):
            raise Conflict("the track is being analysed already")
        begin(owner, track, row.file)


def state(track: str, found: list[dict[str, Any]]) -> str:
    """`waiting`, `done`, or `none`: not analysed yet."""
    return "done" if found else "waiting" if _analysers and jobs.waiting(JOB, track) else "none"


@jobs.handler(JOB)
def analyse(work: jobs.Work) -> None:
    """Run all analysers over a track's file that have not seen it in their present release."""
    file = str(work.args["file"])
    done = {row["analyser"]: row["release"] for row in of_file(file)}
    wanted = [(name, *found) for name, found in sorted(_analysers.items()) if done.get(name) != found[0]]
    with uploads.scratch() as folder:
        path = uploads.storage().local(key(file), Path(folder)) if wanted else Path(folder)
        for number, (name, release, function) in enumerate(wanted):

            def progress(share: float, number: int = number, name: str = name) -> None:
                work.progress((number + share) / len(wanted), name)

            _keep(file, name, release, function(path, progress))
    _show(work.subject, file)


def _keep(file: str, name: str, release: str, found: Findings) -> None:
    with database.atomic():
        Analysis.delete().where((Analysis.file == file) & (Analysis.analyser == name)).execute()
        values = {"tempo": found.tempo, "key": found.key, "results": json.dumps(found.results)}
        Analysis.create(file=file, analyser=name, release=release, **values)


def _show(track: str, file: str) -> None:
    """Take tempo and key into the track, where it has none from its tags or its owner."""
    with database.atomic():
        row = Track.get_or_none((Track.id == track) & (Track.file == file))
        if row is None:
            return
        found = of_file(file)
        row.tempo = row.tempo or next((one["tempo"] for one in found if one["tempo"]), None)
        row.key = row.key or next((one["key"] for one in found if one["key"]), "")
        row.save(only=[Track.tempo, Track.key])
        changes.touch(row.owner_id, track, "analysed")
