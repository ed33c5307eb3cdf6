"""Which tests are quick, and how they are shared out when two run at once (`pytest -n 2 --dist loadgroup`)."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.small_disk import small  # noqa: F401 - a fixture for all

# What takes longest, the longest first: were one of these the last, one processor would wait for the other.
LONG = (
    "sound server", "test_openapi", "test_storm", "test_ingest_broker", "test_sync_link", "test_page_journey",
    "test_page_axe", "test_page_boxes", "test_command", "test_transfers_live", "test_documents_in_step", "test_jobs",
    "test_demo_crate", "test_bench", "test_keylock", "test_deck",
)  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def forgets_what_lies_in_memory(tmp_path_factory):
    """What boxes and companions of these tests left in memory goes: folders that are named by where their homes are."""
    yield
    memory = Path("/dev/shm")
    left = {path.name for kind in ("rackdeck", "companion") for path in memory.glob(f"{kind}-{os.getuid()}-*")}
    for folder, _, _ in os.walk(tmp_path_factory.getbasetemp()):
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()
        for its in {f"rackdeck-{os.getuid()}-{name[:8]}", f"companion-{os.getuid()}-{name[:16]}"} & left:
            shutil.rmtree(memory / its, ignore_errors=True)


def pytest_configure(config):
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False  # by the number of tests; the order below is by how long they take


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items):
    """What runs on both databases runs on SQLite alone in the quick check.

    The tests with a sound server run one after the other, beside the rest; the others stay together by file.
    """
    for item in items:
        if hasattr(item, "callspec") and item.callspec.params.get("settings") == "postgres":
            item.add_marker(pytest.mark.slow)
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    if "PYTEST_XDIST_WORKER" in os.environ:
        places = {name: place for place, name in enumerate(LONG)}
        items.sort(key=lambda item: places.get(_group(item), len(LONG)))


def _group(item):
    return "sound server" if item.get_closest_marker("live") else item.path.stem
