"""/api/v1/recordings and /artwork: sound, waveforms and pictures; /tracks/<id>/recordings: versions and stems."""

from typing import Any

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from companion.catalogue import artwork, recordings, service
from companion.catalogue.views.api import HEAR, WRITE, api
from companion.catalogue.views.tracks import Kind, TrackOut
from companion.media.kinds import FORMATS
from companion.storage.sending import send
from companion.uploads.models import key
from companion.uploads.service import storage
from companion.web.api import Body
from companion.web.identity import who


class Listening(BaseModel):
    """How to send a sound."""

    model_config = ConfigDict(extra="forbid")

    download: bool = Field(False, description="to save, not to play")


class RecordingEdit(Body):
    """What a version is; what is left out stays."""

    kind: Kind = "mix"
    label: str = Field("", max_length=100)


class Played(Body):
    """Which version is played."""

    recording: str = Field(max_length=26)


@api.on("GET", "/recordings/<recording>/audio", HEAR, query=Listening, content="audio/*")
def get_audio(recording: str, query: Listening) -> Response:
    """The sound, as it was uploaded; ranges are understood."""
    file, format_, name = recordings.sound(who().user, recording)
    return send(storage(), key(file), FORMATS[format_].mime, name, attach=query.download)


@api.on("GET", "/recordings/<recording>/waveform", HEAR, content="application/octet-stream")
def get_waveform(recording: str) -> Response:
    """The waveform in levels; ranges are understood.

    Little endian: `RDPEAKS1`, u32 sample rate, u32 number of levels, u64 frames; for each level u32 frames a point,
    u32 points, u64 offset of its first point; then the points, the finest level first, three bytes each: lowest (i8,
    127 is full scale), highest (i8), RMS (u8, 255 is full scale).
    """
    file, _, _ = recordings.sound(who().user, recording)
    return send(storage(), key(file, "waveform"), "application/octet-stream")


@api.on("GET", "/recordings/<recording>/measures", HEAR, content="application/json")
def get_measures(recording: str) -> Response:
    """Loudness over time and the spectrum.

    `loudness`: `short_term` in LUFS (of 3 s), one each `step_seconds`; -70 is silence. `spectrum`: third-octave bands
    as (centre in Hz, level in dB or null), where a sine at full scale has 0 dB.
    """
    file, _, _ = recordings.sound(who().user, recording)
    return send(storage(), key(file, "measures"), "application/json")


@api.on("GET", "/artwork/<file>/<int:size>", HEAR, content="image/webp")
def get_artwork(file: str, size: int) -> Response:
    """A picture with a longer side of 96, 320 or 1200 pixels at most."""
    return send(storage(), artwork.place(who().user, file, size), "image/webp")


@api.on("PUT", "/tracks/<track>/recording", WRITE, takes=Played, gives=TrackOut)
def play_recording(track: str, body: Played) -> Any:
    """Choose which version is played: so an earlier one comes back."""
    recordings.restore(who().user, track, body.recording)
    return service.told(who().user, track)


@api.on("PATCH", "/tracks/<track>/recordings/<recording>", WRITE, takes=RecordingEdit, gives=TrackOut)
def edit_recording(track: str, recording: str, body: RecordingEdit) -> Any:
    """Say what a version is."""
    sent = body.model_fields_set
    kind, label = body.kind if "kind" in sent else None, body.label if "label" in sent else None
    recordings.change(who().user, track, recording, kind, label)
    return service.told(who().user, track)


@api.on("DELETE", "/tracks/<track>/recordings/<recording>", WRITE, status=204)
def delete_recording(track: str, recording: str) -> Any:
    """Remove a version that is not the one that is played."""
    recordings.remove(who().user, track, recording)
