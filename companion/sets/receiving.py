"""What boxes tell of sets and plays, into the tables. Each is called once for each message, in its order."""

import json
from functools import partial
from typing import Any

from companion.database import Compiled, now
from companion.ingest import registry
from companion.ingest.registry import Letter
from companion.sets import service
from companion.sets.models import BoxSet, Play, SetEntry
from companion.transfers import registry as transfers
from companion.transfers.registry import Arrived
from companion.uploads import files
from device.contracts import sets
from device.contracts.plays import Played
from device.contracts.values import FileRef, Track

_PLAY = Compiled(
    lambda owner, box, number, started, heard, title, artist, track, hash_, isrc, deck, pitch: Play.insert(
        {
            Play.owner: owner,
            Play.box: box,
            Play.set: number,
            Play.started: started,
            Play.heard: heard,
            Play.title: title,
            Play.artist: artist,
            Play.track: track,
            Play.hash: hash_,
            Play.isrc: isrc,
            Play.deck: deck,
            Play.pitch: pitch,
        }
    )
)


def _played(letter: Letter) -> None:
    body: Played = letter.body
    track = body.track
    _PLAY.run(
        letter.owner, letter.box, body.set or "", body.started, body.heard, track.title, track.artist, track.id or "",
        track.hash or "", track.isrc, body.deck, body.tempo,
    )  # fmt: skip
    letter.tell("play", letter.box, {"box": letter.box, "title": track.title, "artist": track.artist})


def _row(letter: Letter, number: str, title: str, box_name: str, started: int) -> Any:
    """The set's row, held; made when the box had said nothing of it yet."""
    mine = (BoxSet.owner == letter.owner) & (BoxSet.box == letter.box) & (BoxSet.number == number)
    fresh = {"owner": letter.owner, "box": letter.box, "number": number}
    BoxSet.insert(
        **fresh, box_name=box_name, title=title, started=started, created=now(), changed=now()
    ).on_conflict_ignore().execute()
    return BoxSet.get(mine)


def _started(letter: Letter) -> None:
    body: sets.Started = letter.body
    row = _row(letter, body.set, body.title, body.box, body.started)
    if row.state == "playing":
        BoxSet.update(recorded=body.recording, changed=now()).where(BoxSet.id == row.id).execute()
        letter.tell("set", row.id, {"id": row.id, "state": "playing"})


def _finished(letter: Letter) -> None:
    body: sets.Finished = letter.body
    row = _row(letter, body.set, body.title, body.box, body.started)
    values: dict[str, Any] = {
        "title": body.title, "box_name": body.box, "state": "finished", "started": body.started,
        "seconds": body.seconds, "tracks": body.tracks, "ended": body.ended, "samplerate": body.samplerate,
        "dropped": body.dropped, "loudness": body.loudness, "peak": body.peak, "changed": now(),
        **_file("recording", body.recording), **_file("log", body.log),
    }  # fmt: skip
    values["recorded"] = body.recording is not None
    BoxSet.update(**values).where(BoxSet.id == row.id).execute()
    SetEntry.delete().where(SetEntry.set == row.id).execute()
    entries = [
        {"set": row.id, "position": position, "at": one.at, "deck": one.deck, "heard": one.heard, "pitch": one.tempo}
        | _track(one.track)
        for position, one in enumerate(body.entries)
    ]
    for start in range(0, len(entries), 50):
        SetEntry.insert_many(entries[start : start + 50]).execute()
    for name, file in (("recording", body.recording), ("log", body.log)):
        there = files.same(letter.owner, file.hash) if file else None
        if there is not None:  # the file came before the set was told
            service.attach(letter.owner, letter.box, body.set, name, there.sha256, there.id, json.loads(there.facts))
    letter.tell("set", row.id, {"id": row.id, "state": "finished"})


def _file(name: str, file: FileRef | None) -> dict[str, Any]:
    if file is None:
        return {}
    return {f"{name}_hash": file.hash, f"{name}_size": file.size, f"{name}_name": file.name}


def _track(track: Track) -> dict[str, Any]:
    return {
        "title": track.title, "artist": track.artist, "track": track.id or "", "hash": track.hash or "",
        "seconds": track.seconds, "tempo": track.tempo, "key": track.key, "isrc": track.isrc,
    }  # fmt: skip


def _keep(name: str, arrived: Arrived) -> None:
    """A set's recording or log came; where the set is not told yet it finds the file when it is."""
    file = arrived.file
    facts = json.loads(file.facts)
    service.attach(arrived.owner, arrived.box, arrived.set, name, file.sha256, file.id, facts)


def install() -> None:
    """Before the first message."""
    transfers.register("recording", partial(_keep, "recording"))
    transfers.register("set log", partial(_keep, "log"))
    registry.register("track.played", _played)
    registry.register("set.started", _started)
    registry.register("set.finished", _finished)
