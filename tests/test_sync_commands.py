"""Remote commands: by right, in time, once, and answered, whatever is killed in between."""

import json
import os
import tarfile
import time

import pytest

from device.contracts import codec, ids
from device.contracts.commands import Answered, Given
from device.contracts.configuration import Wanted
from device.contracts.files import Offered
from device.sync import settings
from device.sync.commands import Commands
from device.sync.core import uptime
from device.sync.sight import Deck, Now
from tests.test_sync_sets import made_core, told

pytestmark = pytest.mark.slow


@pytest.fixture
def core(tmp_path):
    made = made_core(tmp_path / "home")
    yield made
    made.close()


class Panel:
    """Stands where the engine's panel is."""

    def __init__(self, playing=False):
        self.asked, self.playing = [], playing

    def set(self, name, value):
        self.asked.append((name, value))

    def do(self, name, value):
        self.asked.append((name, value))

    def get_number(self, _name):
        return float(self.playing)


def given(core, do, permission="play", seconds=60, late_boot=False, **arguments):
    name = ids.make(int(time.time() * 1000), os.urandom(10))
    boot = "0" * 26 if late_boot else core.boot
    until = int(time.time() * 1000) + seconds * 1000
    return Given(name, do, permission, "Anna", until, boot, max(0.0, uptime() + seconds), arguments)


def ask(core, *rows, panel=None, commands=None):
    """Carry these out; returns the answers."""
    with core.database.writing() as connection:
        for number, row in enumerate(rows):
            body = json.dumps(codec.plain(row))
            connection.execute("INSERT INTO commands VALUES (?, 'new', ?, ?)", (row.command, number, body))
    made = commands or Commands(core)
    if panel is not None:
        made._sight = type("Sight", (), {"panel": panel})()
    while made.step() == 0.0:
        pass
    return [one for one in told(core, Answered) if one.command in {row.command for row in rows}]


def test_a_control_is_turned_and_the_answer_says_so(core):
    panel = Panel()
    rows = given(core, "deck1.play", value=1), given(core, "mixer.ch1.fader", value=0.5)
    answers = ask(core, *rows, panel=panel)
    assert panel.asked == [("deck1.play", 1.0), ("mixer.ch1.fader", 0.5)]
    assert [(one.command, one.outcome) for one in answers] == [(row.command, "done") for row in rows]


@pytest.mark.parametrize(
    ("do", "permission"),
    [
        ("deck1.load", "play"),
        ("mixer.mic.on", "play"),
        ("os.system", "system"),
        ("record.start", "play"),
        ("engine.restart", "play"),
        ("deck9.play", "play"),
        ("deck1.play", "system"),
    ],
)
def test_what_is_not_allowed_or_not_by_this_right_is_refused(core, do, permission):
    panel = Panel()
    [answer] = ask(core, given(core, do, permission, value=1), panel=panel)
    assert answer.outcome == "refused"
    assert answer.said
    assert panel.asked == []


@pytest.mark.parametrize("value", [None, "loud", True, 1e9])
def test_a_wrong_value_is_refused_with_a_sentence(core, value):
    row = given(core, "mixer.ch1.fader")
    with core.database.writing() as connection:
        body = codec.plain(row) | {"arguments": {"value": value}}
        connection.execute("INSERT INTO commands VALUES (?, 'new', 1, ?)", (row.command, json.dumps(body)))
    commands = Commands(core)

    class Strict(Panel):
        def set(self, name, value):
            from device.panel import controls

            controls.find(name).check(value)
            super().set(name, value)

    panel = Strict()
    commands._sight = type("Sight", (), {"panel": panel})()
    commands.step()
    assert [one.outcome for one in told(core, Answered)] == ["refused"]
    assert panel.asked == []


def test_what_comes_too_late_is_not_done_by_uptime_and_by_clock(core):
    panel = Panel()
    answers = ask(
        core,
        given(core, "deck1.play", seconds=-5, value=1),
        given(core, "deck1.play", seconds=-5, late_boot=True, value=1),
        panel=panel,
    )
    assert [one.outcome for one in answers] == ["expired", "expired"]
    assert panel.asked == []


def test_without_an_engine_it_is_refused(core):
    [answer] = ask(core, given(core, "deck1.play", value=1))
    assert (answer.outcome, answer.said) == ("refused", "the engine does not run")


def test_what_was_begun_when_it_was_killed_is_answered_and_not_done_again(core):
    row = given(core, "deck1.play", value=1)
    with core.database.writing() as connection:
        connection.execute(
            "INSERT INTO commands VALUES (?, 'begun', 1, ?)", (row.command, json.dumps(codec.plain(row)))
        )
    panel = Panel()
    answers = ask(core, panel=panel)
    assert answers == []
    assert [(one.command, one.outcome) for one in told(core, Answered)] == [(row.command, "failed")]
    assert panel.asked == []
    Commands(core)
    assert len(told(core, Answered)) == 1


def test_the_box_shows_itself_when_it_is_looked_for(core):
    shown = []
    core.changed = shown.append
    [answer] = ask(core, given(core, "box.identify"))
    assert answer.outcome == "done"
    assert shown == [{"notices"}]
    from device.sync import screen

    found = screen.document(core.database.connection, "notices", core.clock.now().ms)
    assert "Anna" in found["notices"][0]["text"]
    assert screen.document(core.database.connection, "notices", core.clock.now().ms + 60_000) is None


def test_logs_are_bundled_without_secrets_and_offered(core):
    logs = core.places.folder("logs")
    (logs / "engine.log").write_text("fine\nAuthorization: Bearer abcdef\n")
    [answer] = ask(core, given(core, "logs.send", "system"))
    [offered] = told(core, Offered)
    assert answer.result == {"hash": offered.file.hash}
    path = core.database.connection.execute("SELECT path FROM uploads").fetchone()[0]
    with tarfile.open(path) as bundle:
        text = bundle.extractfile("engine.log").read().decode()
    assert "fine" in text
    assert "abcdef" not in text


def test_the_engine_is_not_restarted_while_it_plays(core):
    core.now = Now(os.getpid(), (Deck(1, 1, "", "", "", "", True, True, 0, 0, 0, 0),))
    [answer] = ask(core, given(core, "engine.restart", "system"))
    assert answer.outcome == "refused"


def test_a_right_that_was_taken_away_is_refused(core):
    with core.database.writing() as connection:
        settings.apply(connection, Wanted(1, {"remote.play": False}))
    panel = Panel()
    [answer] = ask(core, given(core, "deck1.play", value=1), panel=panel)
    assert answer.outcome == "refused"
    assert panel.asked == []


class TestSettings:
    def apply(self, core, revision, **wanted):
        with core.database.writing() as connection:
            named = {name.replace("_", ".", 1): value for name, value in wanted.items()}
            return settings.apply(connection, Wanted(revision, named))

    def test_what_is_known_is_taken_and_the_rest_is_refused_by_name(self, core):
        applied = self.apply(core, 1, files_upload=False, files_playing_rate="fast", robot_arm=True, plays_told=1)
        assert {row.name for row in applied.refused} == {"files.playing_rate", "robot.arm", "plays.told"}
        assert settings.get(core.database.connection, "files.upload") is False
        assert settings.get(core.database.connection, "plays.told") is True

    def test_what_is_out_of_date_changes_nothing(self, core):
        self.apply(core, 5, files_upload=False)
        assert self.apply(core, 4, files_upload=True) is None
        assert settings.get(core.database.connection, "files.upload") is False

    def test_what_is_no_longer_wanted_is_as_it_was(self, core):
        self.apply(core, 1, files_upload=False)
        self.apply(core, 2)
        assert settings.get(core.database.connection, "files.upload") is True
