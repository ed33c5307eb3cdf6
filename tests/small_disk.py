"""A disk of 4 MB that can be filled."""

import contextlib
import subprocess

import pytest

FILLER = "filler"


@pytest.fixture
def small(tmp_path):
    """A folder on a disk of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(disk)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(folder, leave=0):
    """Let its disk have so many bytes left."""
    with (folder / FILLER).open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 65536)
        file.truncate(max(0, file.tell() - leave))


def free(folder):
    """Take the filler away."""
    (folder / FILLER).unlink()
