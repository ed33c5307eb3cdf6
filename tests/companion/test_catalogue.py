"""Tracks: from an upload to a library that is searched, changed, shared and cleared."""

import hashlib
import importlib
import json
import threading

import numpy as np
import pytest

from companion import database
from companion.accounts import tiers
from companion.accounts.deletion import _erasers
from companion.accounts.export import _parts
from companion.catalogue import analysis, intake, listing, service
from companion.catalogue.models import Analysis, Artist, Track
from companion.database import connection, new_id, now
from companion.media import waveform
from companion.projects.models import Member
from companion.uploads.models import StoredFile, Upload
from tests.companion.sending import send
from tests.companion.sounds import picture, wav
from tests.companion.tracks import SOUND, added, made, tagged, titles

pytestmark = pytest.mark.slow


def test_an_uploaded_sound_is_a_track_with_all_that_is_known_of_it(mira):
    track = added(mira, tagged(title="Deep Water", artist="Mira & Noor", album="Tides", year="2024-05", genre="Dub"))
    found = mira.get(f"/tracks/{track}").json
    assert [found[name] for name in ("title", "artist", "album", "year", "genre")] == [
        "Deep Water",
        "Mira & Noor",
        "Tides",
        2024,
        "Dub",
    ]
    assert found["credits"][0]["role"] == "main"
    facts = found["recordings"][0]["facts"]
    assert (facts["codec"], facts["rate"], facts["channels"], facts["bits"]) == ("pcm_s16le", 44100, 2, 16)
    assert facts["loudness"]["true_peak"] == pytest.approx(-6.0, abs=0.1)
    assert found["analysis"] == {"state": "none", "found": [], "possible": False}
    sound = found["recording"]
    heard = mira.get(f"/recordings/{sound}/audio", headers={"Range": "bytes=0-3"})
    assert (heard.status_code, heard.data, heard.headers["Content-Type"]) == (206, b"RIFF", "audio/wav")
    saved = mira.get(f"/recordings/{sound}/audio?download=true").headers["Content-Disposition"]
    assert saved.startswith('attachment; filename="Deep Water.wav"')
    drawn = mira.get(f"/recordings/{sound}/waveform").data
    _, points, offset = waveform.levels(drawn)[0]
    ranged = mira.get(f"/recordings/{sound}/waveform", headers={"Range": f"bytes={offset}-{offset + 3 * points - 1}"})
    assert np.frombuffer(ranged.data, np.int8).reshape(-1, 3)[5].tolist()[:2] == [-64, 64]
    measures = mira.get(f"/recordings/{sound}/measures").json
    assert len(measures["spectrum"]) == 31
    assert set(measures["loudness"]) == {"step_seconds", "short_term"}


def test_a_track_that_says_nothing_is_called_by_its_file(mira):
    track = added(mira, filename="../My_first_song.final.WAV")
    assert mira.get(f"/tracks/{track}").json["title"] == "My first song.final"


def test_sending_the_same_sound_again_leads_to_the_track_there_is(mira):
    track = added(mira)
    again = send(mira, SOUND)
    assert (again["result"], again["duplicate"]) == (track, True)
    assert mira.get("/tracks/facets").json["tracks"] == 1


def test_a_change_needs_what_was_seen(mira):
    track = added(mira)
    seen = mira.get(f"/tracks/{track}").headers["ETag"]
    changed = mira.patch(f"/tracks/{track}", json={"title": "One"}, headers={"If-Match": seen})
    assert (changed.status_code, changed.json["version"]) == (200, 2)
    for stale in (seen, '"nonsense"'):
        late = mira.patch(f"/tracks/{track}", json={"title": "Two"}, headers={"If-Match": stale})
        assert late.status_code == 412
    assert mira.get(f"/tracks/{track}").json["title"] == "One"
    assert (
        mira.patch(f"/tracks/{track}", json={"notes": "x"}, headers={"If-Match": changed.headers["ETag"]}).status_code
        == 200
    )
    assert mira.get(f"/tracks/{track}", headers={"If-None-Match": changed.headers["ETag"]}).status_code == 200


def test_of_two_changes_at_once_one_is_told_so(app, mira):
    track = added(mira)
    with connection():
        service.edit(mira.id, track, {"title": "One"}, expected=1)
        with pytest.raises(service.Stale):
            service.edit(mira.id, track, {"title": "Two"}, expected=1)


def at_once(*works):
    """Do all at once, each on a connection of its own; what any of them raised."""
    failures = []

    def run(work):
        try:
            with connection():
                work()
        except Exception as exc:
            failures.append(exc)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_changes_at_once_of_who_did_not_say_what_they_saw_are_all_done(app, mira):
    track = added(mira)
    changes = [lambda n=n: service.edit(mira.id, track, {"notes": str(n)}) for n in range(8)]
    assert at_once(*changes) == []
    assert mira.get(f"/tracks/{track}").json["version"] == 9


def test_of_markers_set_at_once_those_of_one_are_left(app, mira):
    track = added(mira)
    sets = [[{"start": n / 10, "end": None, "label": str(who), "colour": 0} for n in range(5)] for who in range(8)]
    assert at_once(*(lambda wanted=wanted: service.put_markers(mira.id, track, wanted) for wanted in sets)) == []
    markers = mira.get(f"/tracks/{track}").json["markers"]
    assert (len(markers), len({marker["label"] for marker in markers})) == (5, 1)


def test_what_makes_no_sense_on_a_track_is_refused(mira):
    track = added(mira)
    for body in (
        {"title": ""},
        {"title": "x" * 201},
        {"isrc": "nonsense"},
        {"year": 0},
        {"tempo": 5},
        {"artwork": new_id()},
        {"credits": [{"name": "x", "role": "wizard"}]},
        {"credits": [{"name": "\u0301", "role": "main"}]},
        {"owner": "me"},
        {"title": None},
    ):
        assert mira.patch(f"/tracks/{track}", json=body).status_code == 422, body
    good = mira.patch(f"/tracks/{track}", json={"isrc": "nl-a1b-24-00001", "year": None, "tempo": 127.5, "key": "F#m"})
    assert (good.json["isrc"], good.json["year"], good.json["tempo"]) == ("NLA1B2400001", None, 127.5)


def test_credits_make_the_artist_line_and_artists_that_can_be_renamed(mira, noor):
    track = added(mira)
    parts = [("Mira", "main"), ("Ünal", "featured"), ("MIRA ", "main"), ("mira", "producer")]
    answer = mira.patch(f"/tracks/{track}", json={"credits": [{"name": name, "role": role} for name, role in parts]})
    assert answer.json["artist"] == "Mira feat. Ünal"
    assert [(part["name"], part["role"]) for part in answer.json["credits"]] == [
        ("Mira", "main"),
        ("Ünal", "featured"),
        ("Mira", "producer"),
    ]
    rows = mira.get("/artists").json["items"]
    assert [(row["name"], row["tracks"]) for row in rows] == [("Mira", 1), ("Ünal", 1)]
    artist = rows[0]["id"]
    assert titles(mira, f"artist={artist}") == ["Deep Water"]
    assert noor.get(f"/artists/{artist}").status_code == 404
    assert noor.patch(f"/artists/{artist}", json={"name": "Mine"}).status_code == 404
    assert mira.patch(f"/artists/{artist}", json={"name": "UNAL"}).status_code == 409
    assert mira.patch(f"/artists/{artist}", json={"name": "Mira Bell"}).status_code == 200
    assert mira.get(f"/tracks/{track}").json["artist"] == "Mira Bell feat. Ünal"
    assert titles(mira, "q=bell") == ["Deep Water"]
    assert mira.delete(f"/artists/{artist}").status_code == 409
    assert mira.patch(f"/tracks/{track}", json={"credits": []}).json["artist"] == ""
    assert mira.delete(f"/artists/{artist}").status_code == 204


def test_versions_and_stems_belong_to_a_track_and_earlier_ones_come_back(mira, noor):
    track = added(mira)
    first = mira.get(f"/tracks/{track}").json["recording"]
    longer = send(mira, wav(seconds=0.8), purpose="version", subject=track, kind="master", label="v2")["result"]
    instrumental = send(mira, wav(seconds=0.6), purpose="version", subject=track, kind="instrumental")["result"]
    stem = send(mira, wav(seconds=0.5), purpose="stem", subject=track, filename="Kick & Snare.wav")["result"]
    found = mira.get(f"/tracks/{track}").json
    assert (found["recording"], found["seconds"], found["version"]) == (longer, 0.8, 4)
    assert [(row["number"], row["kind"], row["label"]) for row in found["recordings"]] == [
        (4, "stem", "Kick & Snare"),
        (3, "instrumental", ""),
        (2, "master", "v2"),
        (1, "mix", ""),
    ]
    back = mira.put(f"/tracks/{track}/recording", json={"recording": first})
    assert (back.json["recording"], back.json["seconds"]) == (first, 0.4)
    hashes = [found["hash"], back.json["hash"]]
    assert hashes == [hashlib.sha256(sound).hexdigest() for sound in (wav(seconds=0.8), SOUND)]
    listed = mira.get("/tracks").json["items"] + mira.get(f"/tracks/several?ids={track}").json
    assert [row["hash"] for row in listed] == [hashes[1]] * 2, "of the version that is played"
    assert mira.put(f"/tracks/{track}/recording", json={"recording": stem}).status_code == 409
    assert mira.put(f"/tracks/{track}/recording", json={"recording": new_id()}).status_code == 404
    assert noor.put(f"/tracks/{track}/recording", json={"recording": longer}).status_code == 404
    assert send(noor, SOUND, purpose="version", subject=track)["status"] == 404
    assert mira.delete(f"/tracks/{track}/recordings/{first}").status_code == 409
    assert mira.patch(f"/tracks/{track}/recordings/{first}", json={"kind": "stem"}).status_code == 409
    renamed = mira.patch(f"/tracks/{track}/recordings/{instrumental}", json={"label": "no voice"})
    assert {row["label"] for row in renamed.json["recordings"]} == {"", "v2", "no voice", "Kick & Snare"}
    assert mira.delete(f"/tracks/{track}/recordings/{stem}").status_code == 204
    assert mira.get(f"/recordings/{stem}/audio").status_code == 404
    assert len(mira.get("/files").json["items"]) == 3


def test_artwork_is_seen_in_sizes_by_who_may_and_goes_with_its_track(mira, noor):
    track = added(mira)
    art = send(mira, picture(size=(900, 600)), purpose="artwork", subject=track)["result"]
    assert mira.get(f"/tracks/{track}").json["artwork"] == art
    small = mira.get(f"/artwork/{art}/320")
    assert (small.status_code, small.headers["Content-Type"], small.data[8:12]) == (200, "image/webp", b"WEBP")
    assert "immutable" in small.headers["Cache-Control"]
    assert mira.get(f"/artwork/{art}/321").status_code == 404
    assert noor.get(f"/artwork/{art}/320").status_code == 404
    assert mira.delete(f"/files/{art}").status_code == 409
    other = send(mira, picture(colour=(0, 0, 90)), purpose="artwork", subject=track)["result"]
    assert mira.get(f"/artwork/{art}/320").status_code == 404
    assert mira.patch(f"/tracks/{track}", json={"artwork": ""}).json["artwork"] == ""
    assert mira.get(f"/artwork/{other}/320").status_code == 404


def test_markers_lie_within_the_track(mira, noor):
    track = added(mira)
    wanted = [{"start": 0.3, "label": "drop"}, {"start": 0.1, "end": 0.2, "label": "loop", "colour": 3}]
    put = mira.put(f"/tracks/{track}/markers", json={"markers": wanted})
    assert [(row["start"], row["end"], row["label"]) for row in put.json] == [(0.1, 0.2, "loop"), (0.3, None, "drop")]
    for bad in ({"start": 9.0}, {"start": 0.2, "end": 0.1}, {"start": -1.0}, {"start": 0.1, "end": 9.0}):
        assert mira.put(f"/tracks/{track}/markers", json={"markers": [bad]}).status_code == 422
    assert noor.put(f"/tracks/{track}/markers", json={"markers": []}).status_code == 404
    assert len(mira.get(f"/tracks/{track}").json["markers"]) == 2


def test_the_bin_keeps_a_track_until_it_is_emptied(app, mira, noor):
    track = added(mira)
    sound = mira.get(f"/tracks/{track}").json["recording"]
    assert noor.delete(f"/tracks/{track}").status_code == 404
    assert mira.delete(f"/tracks/{track}").status_code == 204
    assert mira.get(f"/tracks/{track}").status_code == mira.get(f"/recordings/{sound}/audio").status_code == 404
    assert titles(mira) == titles(mira, "q=deep") == []
    assert titles(mira, "bin=true") == ["Deep Water"]
    assert noor.post(f"/tracks/{track}/restore").status_code == 404
    assert mira.post(f"/tracks/{track}/restore").json["title"] == "Deep Water"
    assert titles(mira, "q=deep") == ["Deep Water"]
    assert mira.delete(f"/tracks/{track}/bin").status_code == 404
    mira.delete(f"/tracks/{track}")
    with connection():
        assert service.keep_house() == 0
        Track.update(deleted=now() - service.BIN_MS - 1).where(Track.id == track).execute()
        assert service.keep_house() == 1
    assert titles(mira, "bin=true") == mira.get("/files").json["items"] == []


def test_a_picture_that_a_project_shows_stays_when_its_track_gets_another(mira):
    track = added(mira)
    art = send(mira, picture(), purpose="artwork", subject=track)["result"]
    project = mira.post("/projects", {"title": "Covered", "cover": art}).json["id"]
    send(mira, picture(colour=(0, 0, 90)), purpose="artwork", subject=track)
    assert mira.get(f"/artwork/{art}/96").status_code == 200
    assert mira.get(f"/projects/{project}").json["cover"] == art
    assert mira.delete(f"/files/{art}").status_code == 204  # said in so many words
    assert mira.get(f"/projects/{project}").json["cover"] == ""


def test_versions_that_come_at_once_all_get_a_number_of_their_own(app, mira):
    track = added(mira)
    with connection():
        file = Track.get_by_id(track).file
        uploads = [Upload.create(owner=mira.id, subject=track, name="x", size=1, expires=now()) for _ in range(8)]
    failures = []

    def take(upload):
        try:
            with connection(), database.database.atomic():
                intake.take_version(upload, StoredFile.get_by_id(file), True)
        except Exception as exc:
            failures.append(exc)

    threads = [threading.Thread(target=take, args=(upload,)) for upload in uploads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    numbers = [row["number"] for row in mira.get(f"/tracks/{track}").json["recordings"]]
    assert numbers == list(range(9, 0, -1))


def test_a_track_comes_back_from_the_bin_only_where_the_tier_has_room(mira, monkeypatch):
    monkeypatch.setitem(tiers.TIERS["free"], "tracks", 1)
    first = made(mira.id, "First")
    assert mira.delete(f"/tracks/{first}").status_code == 204
    made(mira.id, "Second")
    assert mira.post(f"/tracks/{first}/restore").status_code == 403
    assert titles(mira, "bin=true") == ["First"]


def test_an_if_match_that_is_no_number_is_answered_as_stale(mira):
    track = made(mira.id, "One")
    for tag in ('"\u00b2"', '"x"', '"-1"'):
        assert mira.patch(f"/tracks/{track}", {"title": "Two"}, headers={"If-Match": tag}).status_code == 412
    assert titles(mira) == ["One"]


def test_a_tier_takes_so_many_tracks(mira, monkeypatch):
    monkeypatch.setitem(tiers.TIERS["free"], "tracks", 1)
    added(mira)
    refused = send(mira, wav(seconds=0.2), purpose="track")
    assert refused["status"] == 403
    late = send(mira, wav(seconds=0.2))
    assert (late["state"], "tracks" in late["reason"]) == ("refused", True)
    assert len(mira.get("/files").json["items"]) == 1


def test_who_works_on_a_project_sees_and_hears_what_is_in_it_and_no_more(app, mira, noor):

    track, other = added(mira), added(mira, wav(seconds=0.2), filename="Secret.wav")
    art = send(mira, picture(), purpose="artwork", subject=track)["result"]
    project = mira.post("/projects", json={"title": "EP"}).json["id"]
    put = mira.post(f"/projects/{project}/items", json={"kind": "track", "subject": track})
    assert put.status_code < 300, put.json
    assert noor.get(f"/tracks/{track}").status_code == 404
    with connection():
        Member.create(project=project, user=noor.id, role=1)
    seen = noor.get(f"/tracks/{track}").json
    assert (seen["title"], seen["own"]) == ("Deep Water", False)
    for path in ("audio", "waveform", "measures"):
        assert noor.get(f"/recordings/{seen['recording']}/{path}").status_code == 200
    assert noor.get(f"/artwork/{art}/96").status_code == 200
    assert noor.get(f"/tracks/{other}").status_code == 404
    assert titles(noor) == []
    assert (
        titles(noor, "shared=true")
        == titles(noor, "shared=true&q=deep")
        == titles(noor, "shared=true&sort=title")
        == ["Deep Water"]
    )
    assert noor.patch(f"/tracks/{track}", json={"title": "Mine"}).status_code == 404
    assert noor.delete(f"/tracks/{track}").status_code == 404
    assert mira.delete(f"/tracks/{track}").status_code == 204
    assert noor.get(f"/tracks/{track}").status_code == 404


def test_an_analyser_that_comes_later_fills_in_what_it_finds(app, mira, noor):
    track = added(mira)
    assert mira.post(f"/tracks/{track}/analysis").status_code == 409
    seen = []

    def analyse(path, progress):
        seen.append(path.read_bytes()[:4])
        progress(0.5)
        return analysis.Findings(124.0, "Am", {"grid": [0.1, 0.6]})

    take_away = analysis.register("ear", "1", analyse)
    try:
        assert noor.post(f"/tracks/{track}/analysis").status_code == 404
        assert mira.post(f"/tracks/{track}/analysis").status_code == 202
        found = mira.get(f"/tracks/{track}").json
        assert (found["tempo"], found["key"], found["analysis"]["state"]) == (124.0, "Am", "done")
        assert found["analysis"]["found"][0]["results"] == {"grid": [0.1, 0.6]}
        mira.post(f"/tracks/{track}/analysis")  # the same release has nothing new to say
        assert seen == [b"RIFF"]
        another = added(mira, wav(seconds=0.2))
        assert mira.get(f"/tracks/{another}").json["analysis"]["state"] == "done"
    finally:
        take_away()
    with connection():
        assert Analysis.select().count() == 2


def test_an_export_tells_all_tracks_and_erasing_takes_them(app, mira, noor):
    track, others = added(mira, tagged(title="Deep Water", artist="Mira")), added(noor)
    with connection():
        told = list(_parts["tracks"](mira.id))
        assert [row["title"] for row in told] == ["Deep Water"]
        json.dumps(told)
        for name in sorted(_erasers):
            _erasers[name](mira.id)
        for model in (Track, Artist, StoredFile):
            assert not model.select().where(model.owner == mira.id).exists()
        rows, _ = listing.tracks(mira.id, listing.Asked(words="deep"))
        assert rows == []
    assert mira.get(f"/tracks/{track}").status_code == 404
    assert noor.get(f"/tracks/{others}").status_code == 200


def test_the_page_hears_what_happens_to_a_track(app, mira):
    from companion.events.models import Event

    track = added(mira)
    mira.patch(f"/tracks/{track}", json={"title": "New"})
    mira.delete(f"/tracks/{track}")
    with connection():
        rows = Event.select().where((Event.user == mira.id) & (Event.kind == "track")).order_by(Event.id)
        assert [json.loads(row.body)["change"] for row in rows] == ["added", "changed", "deleted"]


def test_the_schema_goes_down_and_up_again(settings):
    with connection():
        module = importlib.import_module("companion.migrations.0021_catalogue")
        module.down(None, database.database.obj)
        assert not {"track", "track_search", "credit"} & set(database.database.get_tables())
        module.up(None, database.database.obj)
        assert {"track", "track_search", "credit"} <= set(database.database.get_tables())
