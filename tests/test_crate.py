"""The crate: what a folder's `crate.json` tells, and that nothing in its place can stop the engine."""

import os

import pytest

from device.library import crate


def test_a_crate_is_read_back_as_it_was_written(tmp_path):
    entry = crate.Entry(tmp_path / "a.wav", "Title", "Artist", 126.5, 0.25, "8A", 200.0)
    crate.write(tmp_path, [entry])
    assert crate.describe(tmp_path / "a.wav") == entry


@pytest.mark.parametrize("kind", ["fifo", "folder", "huge", "device", "text"])
def test_what_is_no_crate_file_is_an_empty_crate_at_once(tmp_path, kind):
    path = tmp_path / crate.CRATE_FILE
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.write_text("no crate")
        if kind == "huge":
            os.truncate(path, 2**40)
    assert crate.describe(tmp_path / "a.wav") == crate.Entry(tmp_path / "a.wav", "a")
