"""The board: documents for the screen, whole at any time, cheap to look at."""

import threading

import pytest

from device.errors import InputError
from device.panel.board import MOST_BYTES, Reader, Writer, clear


def test_what_is_pinned_up_can_be_read_and_taken_down(tmp_path):
    writer, reader = Writer(tmp_path), Reader(tmp_path)
    assert reader.read("sync") is None
    assert writer.show("sync", {"state": "in step"})
    assert reader.read("sync") == {"state": "in step"}
    writer.show("sync", {"state": "behind"})
    assert reader.read("sync") == {"state": "behind"}
    writer.remove("sync")
    assert reader.read("sync") is None


def test_an_unchanged_document_is_neither_written_nor_read_again(tmp_path, monkeypatch):
    writer, reader = Writer(tmp_path), Reader(tmp_path)
    writer.show("earnings", {"today": 1})
    first = reader.read("earnings")
    before = (tmp_path / "board-earnings.json").stat().st_ino
    assert not writer.show("earnings", {"today": 1})
    assert (tmp_path / "board-earnings.json").stat().st_ino == before
    assert reader.read("earnings") is first


def test_a_document_that_somebody_deleted_is_pinned_up_again(tmp_path):
    writer = Writer(tmp_path)
    writer.show("sync", {"a": 1})
    (tmp_path / "board-sync.json").unlink()
    assert writer.show("sync", {"a": 1})


def test_what_was_left_is_taken_down_but_for_a_code_that_is_shown(tmp_path):
    writer = Writer(tmp_path)
    for name in ("sync", "earnings", "claim"):
        writer.show(name, {"a": 1})
    (tmp_path / "board-lists.4711").write_text("{")  # by a process that was killed
    (tmp_path / "panel").write_text("")
    clear(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["board-claim.json", "panel"]
    assert not writer.stands("sync")


def test_a_document_is_bounded_and_has_a_known_name(tmp_path):
    with pytest.raises(InputError, match="too long"):
        Writer(tmp_path).show("notices", {"text": "x" * MOST_BYTES})
    with pytest.raises(InputError, match="there are sync"):
        Writer(tmp_path).show("../panel", {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b"{}" + b" " * MOST_BYTES])
def test_what_is_no_document_is_none(tmp_path, data):
    (tmp_path / "board-sync.json").write_bytes(data)
    assert Reader(tmp_path).read("sync") is None


def test_a_reader_never_sees_half_a_document(tmp_path):
    writer, reader, wrong, ends = Writer(tmp_path), Reader(tmp_path), [], threading.Event()
    writer.show("sync", {"n": 0, "text": ""})

    def read():
        while not ends.is_set():
            found = reader.read("sync")
            if found is None or len(found["text"]) != found["n"]:
                wrong.append(found)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(1000):
        writer.show("sync", {"n": number % 700, "text": "x" * (number % 700)})
    ends.set()
    thread.join()
    assert wrong == []
