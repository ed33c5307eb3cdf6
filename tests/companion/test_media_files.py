"""Telling files apart, and looking at hostile ones in the sandboxed child."""

import contextlib
import io
import json
import os
import struct
import sys
import time
import zipfile
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from companion.media import archives, images, kinds, sandbox
from companion.media.kinds import FORMATS, Refused
from tests.companion.sounds import archive, picture, tone, wav

pytestmark = pytest.mark.slow


def probe(tmp_path, data, format_=None, **options):
    path = tmp_path / "file"
    path.write_bytes(data)
    return sandbox.probe(path, FORMATS[format_] if format_ else kinds.sniff(data[: kinds.HEAD]), **options)


def encoded(container, codec, seconds=1.0, rate=44100, cover=None, **metadata):
    """A sound in another format."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        out.metadata.update(metadata)
        stream = out.add_stream(codec, rate=rate, layout="stereo")
        samples = (tone(seconds, rate=rate) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.T.reshape(1, -1).copy(), format="s16", layout="stereo")
        frame.sample_rate = rate
        resampler = av.AudioResampler(stream.codec_context.format.name, "stereo", rate)
        frames = [*resampler.resample(frame), *resampler.resample(None)]
        fifo = av.AudioFifo()
        for one in frames:
            fifo.write(one)
        size = stream.codec_context.frame_size or 4096
        while piece := fifo.read(size) or fifo.read(size, partial=True):
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (wav(seconds=0.1), "wav"),
        (picture("JPEG"), "jpeg"),
        (picture("PNG"), "png"),
        (picture("GIF"), "gif"),
        (picture("WEBP"), "webp"),
        (archive(), "zip"),
        (b'  {"tempo": 120}', "json"),
        (b"\xff\xfb\x90\x64" + bytes(400), "mp3"),
        (b"\xff\xf1\x50\x80" + bytes(400), "aac"),
        (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + b"fLaC", "flac"),
        (b"\0\0\0\x20ftypM4A " + bytes(64), "m4a"),
        (b"\0\0\0\x20ftypisom" + bytes(64), "mp4"),
        (b"\0\0\0\x14ftypqt  " + bytes(64), "mov"),
        (b"RIFF\0\0\0\0AVI LIST", "avi"),
        (b"FORM\0\0\0\0AIFFCOMM", "aiff"),
    ],
)
def test_the_first_bytes_tell_the_format(data, name):
    assert kinds.sniff(data[: kinds.HEAD]).name == name


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"<!doctype html><script>", "web page"),
        (b"<svg onload=alert(1)>", "SVG"),
        (b"#EXTM3U\nfile:///etc/passwd", "playlist"),
        (b"\x7fELF\x02\x01", "program"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x05\x06" + bytes(18), "empty archive"),
        (b"", "not a kind"),
        (b"\xff\xff\xff\xff", "not a kind"),
    ],
)
def test_what_is_not_taken_is_named(data, word):
    with pytest.raises(Refused, match=word):
        kinds.sniff(data)


@pytest.mark.parametrize(("name", "said"), [("broken.mp3", "no MP3 inside"), ("Mix.FLAC", "no FLAC inside")])
def test_a_file_that_is_not_what_it_is_called_is_refused_for_that(name, said):
    with pytest.raises(Refused, match=said):
        kinds.sniff(b"nothing that sounds" * 40, name)
    assert kinds.sniff(b"fLaC", "called.mp3").name == "flac"


@given(st.binary(max_size=200))
@example(b"ID3" + b"\xff" * 7)
@example(b"RIFF")
def test_sniffing_any_bytes_names_a_format_or_refuses(data):
    told = ""
    try:
        name = kinds.sniff(data).name
    except Refused as refused:
        name, told = "", str(refused)
    assert name in FORMATS or "what is taken" in told


@pytest.mark.parametrize(
    ("container", "codec", "name"),
    [
        ("mp3", "libmp3lame", "mp3"),
        ("flac", "flac", "flac"),
        ("ipod", "aac", "m4a"),
        ("adts", "aac", "aac"),
        ("ogg", "libopus", "ogg"),
        ("aiff", "pcm_s16be", "aiff"),
    ],
)
def test_each_format_of_sound_is_read_with_its_tags(tmp_path, container, codec, name):
    rate = 48000 if codec == "libopus" else 44100
    report = probe(tmp_path, encoded(container, codec, rate=rate, title="Deep \u202eWater\x07", artist="Mira"), name)
    assert report.facts["seconds"] == pytest.approx(1.0, abs=0.1)
    assert report.facts["loudness"]["integrated"] == pytest.approx(-6.0, abs=0.6)
    assert report.facts["lossless"] == (name in ("flac", "aiff"))
    if container not in ("adts", "aiff"):
        assert report.facts["tags"]["title"] == "Deep Water"
    assert report.blobs["waveform"].startswith(b"RDPEAKS1")


def test_the_child_gives_up_network_files_and_rights(tmp_path):
    apart = probe(tmp_path, wav(seconds=0.1)).facts["apart"]
    if os.getuid() == 0:
        assert "rights" in apart
    assert "network" in apart or "files" in apart


def test_a_cover_in_a_sound_is_found_and_a_broken_one_only_told(tmp_path):
    def with_cover(data):
        block = struct.pack(">II10sIIIIII", 3, 10, b"image/jpeg", 0, 0, 0, 0, 0, len(data)) + data
        head, rest = (sound := encoded("flac", "flac"))[:42], sound[42:]
        info = bytes([head[4] & 0x7F]) + head[5:]
        return b"fLaC" + info + bytes([6]) + len(block).to_bytes(3, "big") + block + rest

    good = probe(tmp_path, with_cover(picture(size=(500, 400))))
    assert (good.facts["cover"]["width"], set(good.blobs)) == (500, {"waveform", "art-96", "art-320", "art-1200"})
    broken = probe(tmp_path, with_cover(picture(size=(500, 400))[:-300]))
    assert "art-96" not in broken.blobs
    assert broken.facts["frames"] == good.facts["frames"]


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda data: data[:30], "damaged|no sound"),
        (lambda data: data[:22] + b"\xff\xff" + data[24:], "damaged|channels"),
    ],
)
def test_a_damaged_sound_is_refused(tmp_path, damage, word):
    with pytest.raises(Refused, match=word):
        probe(tmp_path, damage(wav(seconds=0.1)), "wav")


def test_a_sound_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path):
    report = probe(tmp_path, encoded("flac", "flac", seconds=2)[:-2000])
    assert 0.2 < report.facts["seconds"] < 2.0


def rf64(seconds=2, rate=44100):
    """A recording of 24 bits as Rackdeck writes one that may get longer than 4 GB."""
    data = bytes(seconds * rate * 6)
    sizes = struct.pack("<4sIQQQI", b"ds64", 28, 72 + len(data), len(data), seconds * rate, 0)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, rate, rate * 6, 6, 24)
    return b"RF64\xff\xff\xff\xffWAVE" + sizes + form + b"data\xff\xff\xff\xff" + data


WHOLE = {
    "wav": wav(seconds=2),
    "rf64": rf64(),
    "aiff": encoded("aiff", "pcm_s16be", seconds=2),
    "flac": encoded("flac", "flac", seconds=2),
    "mp3": encoded("mp3", "libmp3lame", seconds=2),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_sound_that_is_cut_off_tells_how_long_it_should_be(tmp_path, name):
    data = WHOLE[name]
    assert "cut_short" not in probe(tmp_path, data).facts
    facts = probe(tmp_path, data[: len(data) // 2]).facts
    assert facts["cut_short"] == pytest.approx(2.0, abs=0.1)
    assert facts["seconds"] < 1.5


def test_a_sound_whose_head_leaves_its_length_open_is_whole(tmp_path):
    data = wav(seconds=1)
    at = data.index(b"data") + 4
    for size in (0, 0xFFFFFFFF):
        facts = probe(tmp_path, data[:at] + struct.pack("<I", size) + data[at + 4 :]).facts
        assert ("cut_short" in facts, facts["seconds"]) == (False, 1.0)


def test_a_sound_of_no_numbers_does_not_spoil_what_is_measured(tmp_path):
    samples = tone(1).T.copy()
    samples[100:200] = np.nan
    samples[300] = np.inf
    data = samples.astype("<f4").tobytes()
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(data),
        b"WAVE",
        b"fmt ",
        16,
        3,
        2,
        44100,
        352800,
        8,
        32,
        b"data",
        len(data),
    )
    report = probe(tmp_path, head + data)
    assert np.isfinite(report.facts["loudness"]["integrated"])
    json.dumps(report.facts, allow_nan=False)


def test_a_playlist_in_disguise_reads_no_other_file(tmp_path):
    (tmp_path / "secret.wav").write_bytes(wav())
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{tmp_path}/secret.wav\n#EXT-X-ENDLIST\n".encode()
    for name in ("mp3", "m4a", "ogg", "mkv"):
        with pytest.raises(Refused):
            probe(tmp_path, text, name)


@pytest.mark.parametrize("data", [wav(seconds=0.1), encoded("mp3", "libmp3lame", 0.2)])
def test_an_archive_behind_a_sound_is_refused(tmp_path, data):
    with pytest.raises(Refused, match="archive hides"):
        probe(tmp_path, data + archive({"evil.html": b"<script>"}))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize(
    "tail", [archive({"x.html": b"<script>"}), b"<html><script>alert(1)</script>", b"\x7fELF" + bytes(99)]
)
def test_anything_behind_a_picture_is_refused(kind, tail):
    with pytest.raises(Refused, match="behind the picture"):
        images.look(picture(kind) + tail)


def test_a_telephones_second_picture_and_padding_are_fine():
    facts, made = images.look(picture() + bytes(64) + picture(size=(20, 20)))
    assert (facts["width"], facts["colour"]) == (400, "#c75028")  # what JPEG makes of 200, 80, 40
    assert {Image.open(io.BytesIO(data)).format for data in made.values()} == {"WEBP"}


def test_a_photograph_of_several_pictures_is_taken_as_its_first(tmp_path):
    file = io.BytesIO()
    more = [Image.new("RGB", (20, 20), "blue")]
    Image.new("RGB", (400, 300), "red").save(file, "MPO", save_all=True, append_images=more)
    facts = probe(tmp_path, file.getvalue()).facts
    assert (facts["format"], facts["width"], facts["height"]) == ("jpeg", 400, 300)
    with pytest.raises(Refused, match="behind the picture"):
        images.look(file.getvalue() + b"PK")


def test_pictures_are_turned_upright_and_lose_where_they_were_taken():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "my home"
    facts, made = images.look(picture(size=(400, 300), exif=exif))
    assert (facts["width"], facts["height"]) == (300, 400)
    small = Image.open(io.BytesIO(made["art-96"]))
    assert small.size == (72, 96)
    assert b"my home" not in b"".join(made.values())


def test_a_picture_of_huge_dimensions_is_refused_before_it_is_unpacked():
    def chunk(name, data):
        return struct.pack(">I4s", len(data), name) + data + struct.pack(">I", zlib.crc32(name + data))

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    bomb += chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    with pytest.raises(Refused, match="60000 x 60000"):
        images.look(bomb)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_picture_cut_anywhere_is_refused_with_a_sentence(kind):
    data = picture(kind, size=(64, 64))
    for end in range(0, len(data) - 1, max(1, len(data) // 40)):
        with pytest.raises(Refused):
            images.look(data[:end])


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_picture_with_any_byte_changed_is_read_or_refused(data):
    good = bytearray(picture(data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"])), size=(48, 48)))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Refused):
        images.look(bytes(good))


def look(data):
    return archives.look_into_zip(io.BytesIO(data), lambda _share: None)


def test_an_archive_tells_what_is_in_it():
    assert look(archive({"a/b.wav": b"12345", "p.json": b"{}"})) == {
        "files": 2,
        "unpacked": 7,
        "names": ["a/b.wav", "p.json"],
    }


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../../b", "a\\..\\b", "C:/x", "a//b", "x\x1b[2J", "con|", "./a"]
)
def test_tricks_with_paths_are_refused(name):
    with pytest.raises(Refused, match="unsafe name"):
        look(archive({name: b"x"}))


def test_links_in_an_archive_are_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = 0o120777 << 16
        made.writestr(entry, "/etc/passwd")
    with pytest.raises(Refused, match="link or device"):
        look(out.getvalue())


def test_two_names_that_are_one_on_some_disks_are_refused():
    with pytest.raises(Refused, match="twice"):
        look(archive({"Song.wav": b"1", "song.WAV": b"2"}))


def test_a_bomb_is_refused():
    with pytest.raises(Refused, match="far more"):
        look(archive({"zeros": bytes(40 << 20)}))


def test_an_archive_that_lies_about_its_sizes_is_refused():
    honest = archive({"zeros": bytes(1 << 20)})
    lie = honest.replace(struct.pack("<I", 1 << 20), struct.pack("<I", 10))
    with pytest.raises(Refused):
        look(lie)


def test_entries_that_share_their_bytes_are_refused():
    data = bytearray(archive({"one": b"x" * 500, "two": b"x" * 500}))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)  # both now begin at the first byte
    with pytest.raises(Refused):
        look(bytes(data))


@pytest.mark.parametrize(
    "data", [b"GIF89a" + archive(), archive() + b"<html>", archive()[:-10], b"PK\x03\x04" + bytes(100)]
)
def test_an_archive_with_something_before_or_behind_it_is_refused(data):
    with pytest.raises(Refused):
        look(data)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_an_archive_with_any_byte_changed_is_read_or_refused(data):
    good = bytearray(archive({"a.json": b'{"x": 1}' * 20, "b/c.txt": b"hello"}))
    for _ in range(data.draw(st.integers(1, 5))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Refused):
        look(bytes(good))


@pytest.mark.parametrize(
    ("text", "word"), [(b"[" * 200_000, "nested"), (b'{"a": }', "no valid JSON"), (b'{"a": "\xff"}', "no valid JSON")]
)
def test_json_that_is_none_or_too_deep_is_refused(tmp_path, text, word):
    with pytest.raises(Refused, match=word):
        probe(tmp_path, text, "json")


# What a hostile file could make of the child: played by programs that behave so.
def child(code):
    return (sys.executable, "-I", "-c", code)


def test_a_child_that_crashes_costs_a_sentence(tmp_path):
    for code in ("import os; os.kill(os.getpid(), 11)", "import os; os._exit(1)", "print('{x')"):
        with pytest.raises(Refused, match=r"cannot be read|damaged"):
            probe(tmp_path, wav(seconds=0.1), command=child(code))


@pytest.mark.parametrize(
    "line",
    ["[1]", "7", '{"progress": "much"}', '{"facts": 3, "blobs": []}', '{"facts": {}, "blobs": [["x", -1]]}'],
)
def test_a_child_that_answers_nonsense_costs_a_sentence(tmp_path, line):
    heard = []
    with pytest.raises(Refused, match=r"cannot be read|damaged"):
        probe(tmp_path, wav(seconds=0.1), command=child(f"print({line!r})"), progress=heard.append)
    assert all(0 <= share <= 1 for share in heard)


def test_a_child_that_never_ends_is_ended_with_its_children(tmp_path):
    mark = tmp_path / "pid"
    code = f"import os, time\nif os.fork() == 0:\n    open({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    begun = time.monotonic()
    with pytest.raises(Refused, match="too long"):
        probe(tmp_path, wav(seconds=0.1), command=child(code), timeout=1.5)
    assert time.monotonic() - begun < 60
    for _ in range(100):
        stat = Path(f"/proc/{mark.read_text()}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError("a grandchild lives on")


def test_a_child_that_answers_without_end_is_ended(tmp_path):
    code = "import os\nwhile True: os.write(1, b'x' * 1000000)"
    with pytest.raises(Refused, match="cannot be read"):
        probe(tmp_path, wav(seconds=0.1), command=child(code), timeout=60)


def test_who_is_told_of_progress_can_end_the_child(tmp_path):
    class EnoughError(Exception):
        pass

    def stop(_share):
        raise EnoughError

    with pytest.raises(EnoughError):
        probe(tmp_path, wav(seconds=0.1), command=child("import time; time.sleep(600)"), progress=stop, timeout=60)


def test_more_tags_than_anybody_writes_end_the_reading(tmp_path):
    frames = b"".join(
        b"TXXX" + len(body).to_bytes(4, "big") + b"\0\0" + body
        for body in (b"\x03" + f"name {number}\0value".encode() for number in range(200_000))
    )
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    sound = encoded("mp3", "libmp3lame")
    with pytest.raises(Refused, match="took too long"):
        probe(tmp_path, b"ID3\x03\0\0" + size + frames + sound[sound.index(b"\xff\xfb") :], "mp3")


def test_what_its_header_calls_too_long_is_refused_before_it_is_decoded(tmp_path):
    whole = bytearray(encoded("flac", "flac"))
    at = whole.index(b"fLaC") + 8 + 13  # the low 36 bits of five bytes count the samples
    whole[at] |= 0x0F
    whole[at + 1 : at + 5] = b"\xff" * 4
    with pytest.raises(Refused, match="longer than 6 hours"):
        probe(tmp_path, bytes(whole), "flac")
