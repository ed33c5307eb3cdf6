"""Whatever can happen to a box, its companion and their broker, while messages go both ways: nothing is lost."""

import contextlib
import os
import subprocess

import pytest

from companion import config
from companion.bench.household import Household
from companion.bench.storm import Damage, Storm
from tests.companion.posts import MOSQUITTO

pytestmark = [
    pytest.mark.slow,
    pytest.mark.faults,
    pytest.mark.skipif(not MOSQUITTO, reason="mosquitto is not installed"),
]
KILLS = int(os.environ.get("RACKDECK_KILLS", "12"))  # each fault once
SEED = int(os.environ.get("RACKDECK_SEED", "1"))
EVENTS = 50  # with each fault


@pytest.fixture
def disks(tmp_path):
    """Small disks for the companion and a box; none where nobody may mount them."""
    made = []
    for name, size in (("disk-companion", "256m"), ("disk-box", "40m")):
        (tmp_path / name).mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(tmp_path / name)]
        if subprocess.run(words, capture_output=True, check=False).returncode == 0:
            made.append(tmp_path / name)
    yield made
    for disk in made:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def house(tmp_path, disks, monkeypatch):
    for name in [name for name in os.environ if name.startswith(config.PREFIX)]:
        monkeypatch.delenv(name)
    homes = [disk / "home" for disk in disks] or [None, None]
    with contextlib.closing(Household(tmp_path, homes[0])) as made:
        made.add("one", homes[1]).sync.start()
        made.add("two").sync.start()
        yield made


def test_a_storm_of_all_faults_damages_nothing(house, disks):
    damage = Storm(house, SEED, disks).blow(KILLS, KILLS * EVENTS, print)
    print(damage)
    assert damage.events >= KILLS * EVENTS
    assert damage.none, f"seed {SEED}: {damage}"


@pytest.mark.parametrize(
    ("found", "named"),
    [([0, 1], "lost"), ([0, 1, 1, 2], "doubled"), ([1, 0, 2], "disordered"), ([0, 1, 2, 7], "astray")],
)
def test_damage_is_seen(found, named):
    damage = Damage()
    damage.count(3, found)
    assert getattr(damage, named) == 1
    assert not damage.none


def test_no_damage_is_none():
    damage = Damage()
    damage.count(3, [0, 1, 2])
    assert damage.none
