"""Remote commands: by right, in time, once, and answered, whatever is killed in between."""

import argparse
import json
import os
import tarfile
import time
from dataclasses import replace

import pytest

from device.contracts import codec, configuration, deeds, envelope, ids, lists
from device.contracts.clock import Stamp
from device.contracts.commands import Answered, Given
from device.contracts.configuration import Applied, Wanted
from device.contracts.earnings import Cards
from device.contracts.files import Offered
from device.errors import MachineError
from device.panel import controls
from device.panel.client import PANEL_FILE
from device.panel.memory import PanelMemory
from device.runner import command as runner
from device.sync import settings
from device.sync.access import Access, Door
from device.sync.ballast import Ballast
from device.sync.commands import Commands
from device.sync.configuring import Configuring
from device.sync.core import Core, Places, uptime
from device.sync.effects import Effects
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
    assert core.born  # a fresh status goes, by which the next command has the right uptime
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


def take(core, body, kind="command.given"):
    """Let a message of the companion take effect, as the inbox does."""
    head = envelope.Head(core.new_id(), "commands", core.new_id(), 1, Stamp(core.clock.now().ms, 0), "set", kind, 1)
    with core.database.writing() as connection:
        Effects(core.outbox).apply(connection, envelope.Message(head, body))


def test_a_command_that_comes_again_after_a_restart_is_done_and_answered_once(core):
    panel, row = Panel(), given(core, "deck1.play", value=1)
    for _ in range(3):
        take(core, row)
        ask(core, panel=panel)  # each time by a process that starts anew
    assert panel.asked == [("deck1.play", 1.0)]
    assert [one.outcome for one in told(core, Answered)] == ["done"]


@pytest.mark.parametrize("late_boot", [False, True])
def test_a_clock_that_is_set_back_by_years_makes_no_old_command_good(tmp_path, late_boot):
    year = 365 * 24 * 3600 * 1000
    now = [int(time.time() * 1000) + 3 * year]
    core = Core(Places(tmp_path, tmp_path), Ballast(tmp_path / "ballast", 0), wall=lambda: now[0])
    core.clock.now()
    row = replace(given(core, "deck1.play", seconds=-5, late_boot=late_boot, value=1), until=now[0] - 5000)
    core.close()
    now[0] -= 3 * year
    core = Core(Places(tmp_path, tmp_path), Ballast(tmp_path / "ballast", 0), wall=lambda: now[0])
    panel = Panel()
    [answer] = ask(core, row, panel=panel)
    core.close()
    assert (answer.outcome, panel.asked) == ("expired", [])


def test_earnings_of_an_older_revision_change_nothing(core):
    for revision in (7, 9, 8):
        take(core, Cards(revision, 1, "2026-11-21", "UTC", ()), "earnings.cards")
    from device.sync import screen

    assert screen.document(core.database.connection, "earnings", 1)["revision"] == 9


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


def test_every_deed_that_the_contract_names_is_a_control_or_a_command_of_its_own_with_its_range(core):
    """What a companion offers, this box does: with what the contract says that it takes, and nothing beyond."""
    commands = Commands(core)
    for deed in deeds.KNOWN.values():
        assert commands.right(deed.name) == deed.permission, deed.name
        row = controls.table().get(deed.name)
        if row is None or not deed.arguments:
            assert row is None or row.argument == "none", deed.name
            continue
        (argument,) = deed.arguments
        if row.argument == "press":
            assert (argument.low, argument.high, argument.needed) == (0, 1, False), deed.name
        else:
            assert (argument.low, argument.high) == (row.low, row.high), deed.name
            assert argument.choices == row.choices, deed.name
    for setting in configuration.KNOWN.values():
        row = controls.table().get(setting.name)
        assert row is None or setting.kind == "flag" or setting.choices == row.choices, setting.name


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

    def test_what_a_period_or_a_rate_is_set_to_is_what_the_next_start_takes(self, core):
        assert settings.at_start(core.places.home / "elsewhere") == {}
        self.apply(core, 1, audio_period="256", audio_rate="44100")
        arguments = argparse.Namespace(period=None, rate=96000)
        runner._take_settings(arguments, core.places.home)
        assert (arguments.period, arguments.rate) == (256, 96000)  # what was typed counts

    def test_a_choice_is_one_of_those_that_there_are(self, core):
        applied = self.apply(core, 1, audio_period="100", record_format="flac", mixer_limiter=1)
        assert {row.name for row in applied.refused} == {"audio.period", "mixer.limiter"}


class TestConfiguring:
    """Settings beyond the sync: of the panel and of the machine."""

    @pytest.fixture
    def engine(self, core):
        memory = PanelMemory.create(core.places.runtime / PANEL_FILE)
        memory.states[controls.slots("state")["engine.beat"]] = time.monotonic() + 1000
        yield memory
        memory.close()

    def configuring(self, core, **hands):
        door = Door(lambda: None, hands={name.replace("_", ".", 1): hand for name, hand in hands.items()})
        return Configuring(core, door)

    def want(self, core, revision, **named):
        with core.database.writing() as connection:
            names = {name.replace("_", ".", 1): value for name, value in named.items()}
            core.outbox.add(connection, settings.apply(connection, Wanted(revision, names)))

    def value(self, engine, name):
        return engine.values[controls.slots("value")[name]]

    def test_the_panel_gets_its_settings_once_and_again_from_each_engine(self, core, engine):
        configuring = self.configuring(core)
        configuring.step()
        self.want(core, 1, record_format="flac", mixer_limiter=False)
        configuring.step()
        assert (self.value(engine, "record.format"), self.value(engine, "mixer.limiter")) == (1, 0)
        engine.values[controls.slots("value")["record.format"]] = 0  # a hand at the box
        configuring.step()
        assert self.value(engine, "record.format") == 0
        self.want(core, 2, record_format="flac")
        configuring.step()
        assert self.value(engine, "record.format") == 1
        self.configuring(core).step()
        assert len(told(core, Applied)) == 2

    def test_the_machine_is_set_by_what_the_installation_offers(self, core):
        done = []
        configuring = self.configuring(core, system_time_zone=done.append)
        self.want(core, 1, system_time_zone="Europe/Berlin")
        configuring.step()
        configuring.step()
        assert done == ["Europe/Berlin"]
        assert [one.refused for one in told(core, Applied)] == [()]

    def test_what_fails_is_told_once_beside_what_was_refused_and_taken_back_when_it_is_well(self, core):
        def broken(_zone):
            raise MachineError("timedatectl does not answer")

        self.want(core, 1, system_time_zone="Europe/Berlin", system_hostname="rack", robot_arm=1)
        configuring = self.configuring(core, system_time_zone=broken)
        for _ in range(3):
            configuring.step()
        self.configuring(core, system_time_zone=broken).step()  # as after a restart
        *_, last = answers = told(core, Applied)
        assert len(answers) == 2
        assert {row.name: row.said for row in last.refused} == {
            "robot.arm": "this box has no such setting; it may be older than the companion",
            "system.time_zone": "timedatectl does not answer",
            "system.hostname": "this box leaves that to its system",
        }
        self.configuring(core, system_time_zone=str, system_hostname=str).step()
        assert [row.name for row in told(core, Applied)[-1].refused] == ["robot.arm"]


def test_files_go_over_a_connection_that_costs_only_where_that_is_wanted(core):
    core.access = Access("b" * 26, "Box", "test", "anna", "127.0.0.1", 1, None)
    core.metered = True
    assert not core.carries()
    with core.database.writing() as connection:
        settings.apply(connection, Wanted(1, {"files.metered": True}))
    assert core.carries()
    core.access = None
    assert not core.carries()


def test_a_list_that_comes_is_answered_with_what_is_there_of_it(core):
    effects, hashes = Effects(core.outbox), ("a" * 64, "b" * 64)
    sent = lists.Sent("0" * 26, "playlist", "Friday", "Anna", (*hashes, hashes[0]))
    with core.database.writing() as connection:
        connection.execute("INSERT INTO downloads (hash, body, state) VALUES (?, '{}', 'there')", hashes[:1])
        head = envelope.Head("1" * 26, "documents", "2" * 26, 1, Stamp(1, 0), "set", "list.sent", 1)
        effects.apply(connection, envelope.Message(head, sent))
    assert told(core, lists.Ready) == [lists.Ready("0" * 26, 1, 1)]
