"""The bench of box and companion finds every figure that there is a goal for."""

import contextlib

import pytest

from companion.bench.sync import Bench, Sizes
from device.bench import goals
from tests.companion.posts import MOSQUITTO

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not MOSQUITTO, reason="mosquitto is not installed")]


def test_each_goal_has_its_figure(tmp_path):
    sizes = Sizes(boxes=1, backlog=300, week=300, times=3, idle=0.0)
    with contextlib.closing(Bench(tmp_path, lambda _line: None, sizes)) as bench:
        parts = (bench.throughput, bench.week, bench.idle, bench.soon, bench.memory)
        cases = [case for part in parts for case in part()]
    cases.append({"of": "faults", **dict.fromkeys(("lost", "doubled"), 0)})  # tested with the storm
    wanted = [goal.name for goal in goals.GOALS if goal.got({"sync": cases}) is not None]
    assert len(wanted) == 6
    [through] = [case for case in cases if case["of"] == "through one consumer"]
    assert through["events"] == 300
    assert through["us_an_event"] > 0
    assert all(case["memory_mb"] > 1 for case in cases if "memory_mb" in case)
