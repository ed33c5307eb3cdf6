"""What happens on the box becomes messages, each once: recordings, plays, crashes, health."""

import json
import os
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from device.contracts import envelope
from device.contracts.crashes import Report as Crash
from device.contracts.files import Offered
from device.contracts.health import Report as Health_
from device.contracts.plays import Played
from device.contracts.sets import Finished, Started
from device.contracts.values import Track
from device.decks.setlog import Event, SetLog
from device.sync import network, tracklist, tracks
from device.sync.ballast import Ballast
from device.sync.core import Core, Places
from device.sync.crashes import Crashes
from device.sync.health import Health
from device.sync.plays import Plays
from device.sync.recordings import Recordings
from device.sync.sight import Deck, Now

pytestmark = pytest.mark.slow


def made_core(home):
    home.mkdir(exist_ok=True)
    (home / "memory").mkdir(exist_ok=True)
    return Core(Places(home, home / "memory"), Ballast(home / "ballast", 4096, 4096))


@pytest.fixture
def core(tmp_path):
    made = made_core(tmp_path / "home")
    yield made
    made.close()


def told(core, kind=None):
    """Bodies in the outbox, stream by stream, in order."""
    rows = core.database.connection.execute("SELECT stream, payload FROM outbox ORDER BY stream, first").fetchall()
    bodies = [envelope.decode("up", *row).body for row in rows]
    return [body for body in bodies if kind is None or isinstance(body, kind)]


def wav(path, seconds=0.1, level=0):
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 3, 48000, 0, "NONE", ""))
        file.writeframes(bytes([level % 256]) * int(seconds * 48000) * 6)
    return path


EVENTS = [
    Event(0.0, "deck1.play", 1.0),
    Event(60.0, "deck2.load", "b.wav"),
    Event(61.0, "mixer.ch2.fader", 0.0),
    Event(62.0, "deck2.tempo", 3.5),
    Event(62.0, "deck2.play", 1.0),
    Event(90.0, "mixer.ch2.fader", 0.8),
    Event(120.0, "deck1.play", 0.0),
    Event(130.0, "deck1.load", "c.wav"),
]


def a_log(seconds=200.0, start=0.0, events=EVENTS):
    return SetLog(48000, 64, seconds, start, {"deck1": "a.wav"}, {}, list(events))


def recording(core, name="2026-11-21 22-15-03", level=0, log=None, running=False):
    folder = core.places.folder("recordings")
    audio = wav(folder / f"{name}.wav", level=level)
    if running:
        (folder / f"{name}.journal").write_text("{}")
    else:
        (folder / f"{name}.journal").unlink(missing_ok=True)
        (folder / f"{name}.json").write_text((log or a_log()).as_json())
    return audio


class TestTracklist:
    def entries(self, log):
        found = tracklist.entries(log, Path("/m"), lambda path: Track(path.stem))
        return [(one.track.title, one.deck, one.at, one.heard, one.tempo) for one in found]

    def test_a_track_counts_from_when_its_fader_lets_it_through(self):
        assert self.entries(a_log()) == [("a", 1, 0.0, 120.0, 0.0), ("b", 2, 90.0, 110.0, 3.5)]

    def test_what_was_before_the_recording_does_not_count(self):
        assert self.entries(a_log(100.0, 100.0)) == [("a", 1, 0.0, 20.0, 0.0), ("b", 2, 0.0, 100.0, 3.5)]

    def test_the_crossfader_keeps_a_side_out(self):
        events = [Event(0, "mixer.crossfader", 1.0), Event(0, "deck1.play", 1.0), Event(50, "mixer.crossfader", 0.0)]
        assert self.entries(a_log(80.0, 0.0, events)) == [("a", 1, 50.0, 30.0, 0.0)]

    def test_a_track_that_is_stopped_and_goes_on_is_one_entry(self):
        events = [Event(at, "deck1.play", float(at % 20 == 0)) for at in (0, 10, 20, 30)]
        assert self.entries(a_log(100.0, 0.0, events)) == [("a", 1, 0.0, 20.0, 0.0)]

    def test_a_slip_is_no_entry(self):
        events = [Event(0, "deck1.play", 1.0), Event(2, "deck1.load", "b.wav"), Event(3, "deck1.play", 1.0)]
        assert [row[0] for row in self.entries(a_log(100.0, 0.0, events))] == ["b"]


class TestRecordings:
    def test_a_recording_that_ended_waits_until_it_is_told(self, core):
        told_by = Recordings(core)
        audio = recording(core, running=True)
        core.now = Now(9, recording=str(audio))
        told_by.step()
        begun = core.behind()
        core.now = Now(9)
        assert core.behind() == begun + 1
        audio.with_suffix(".journal").unlink()
        audio.with_suffix(".json").write_text("no set log")
        told_by.step()
        assert core.behind() == begun
        recording(core)
        os.utime(audio.with_suffix(".json"), (1, 1))
        told_by.step()
        assert core.behind() == core.outbox.waiting(core.database.connection).messages > begun

    def test_a_recording_is_told_when_it_begins_and_when_it_is_whole(self, core):
        told_by = Recordings(core)
        recording(core, running=True)
        told_by.step()
        [started] = told(core, Started)
        recording(core)
        told_by.step()
        told_by.step()
        [finished] = told(core, Finished)
        assert finished.set == started.set
        assert finished.seconds == 200.0
        assert [entry.track.title for entry in finished.entries] == ["a", "b"]
        assert finished.recording.hash == tracks.digest(core.places.home / "recordings/2026-11-21 22-15-03.wav")
        assert {(one.purpose, one.set) for one in told(core, Offered)} == {
            ("recording", finished.set),
            ("set log", finished.set),
        }

    def test_it_is_told_once_even_by_a_process_that_starts_anew_each_time(self, core):
        recording(core)
        for _ in range(3):
            Recordings(core).step()
        assert len(told(core, Finished)) == 1
        assert len(told(core, Offered)) == 2

    def test_how_it_ended_is_in_its_log(self, core):
        log = a_log()
        log.ended, log.dropped = "power lost", 480
        recording(core, log=log)
        Recordings(core).step()
        [finished] = told(core, Finished)
        assert (finished.ended, finished.dropped) == ("power lost", 480)

    def test_a_copy_of_the_same_sound_is_no_other_set(self, core):
        audio = recording(core)
        told_by = Recordings(core)
        told_by.step()
        audio.rename(audio.with_name("my set.wav"))
        audio.with_suffix(".json").rename(audio.with_name("my set.json"))
        told_by.step()
        os.utime(audio.with_name("my set.wav"))
        Recordings(core).step()
        assert len(told(core, Finished)) == 1

    def test_another_recording_under_the_same_name_is_another_set(self, core):
        told_by = Recordings(core)
        recording(core)
        told_by.step()
        recording(core, level=3, running=True)
        told_by.step()
        recording(core, level=3)
        told_by.step()
        first, second = told(core, Finished)
        assert first.set != second.set
        assert [one.set for one in told(core, Started)] == [second.set]

    def test_the_set_keeps_its_id_when_the_database_was_lost(self, core, tmp_path):
        recording(core)
        Recordings(core).step()
        [first] = told(core, Finished)
        for file in (core.places.home / "sync").glob("sync.db*"):
            file.unlink()
        again = made_core(core.places.home)
        Recordings(again).step()
        assert [one.set for one in told(again, Finished)] == [first.set]
        again.close()

    def test_a_log_that_cannot_be_read_stops_nobody(self, core):
        recording(core, "2026-11-21 10-00-00")
        (core.places.home / "recordings/2026-11-21 10-00-00.json").write_text("{")
        recording(core, "2026-11-21 11-00-00", level=1)
        told_by = Recordings(core)
        told_by.step()
        told_by.step()
        assert [one.title for one in told(core, Finished)] == ["2026-11-21 11-00-00"]

    def test_how_it_ended_and_what_was_dropped_is_told(self, core):
        told_by = Recordings(core)
        audio = recording(core, running=True)
        told_by.step()
        core.now = Now(1, (), str(audio), 3.0, 480, "the disk is nearly full: recording was ended")
        told_by.step()
        core.now = Now(1)
        recording(core)
        told_by.step()
        [finished] = told(core, Finished)
        assert (finished.ended, finished.dropped) == ("disk full", 480)

    def test_killed_anywhere_it_is_told_once(self, tmp_path):
        """A child that is killed at random steps, 100 times; the last one is left alone."""
        home = tmp_path / "home"
        core = made_core(home)
        for number in range(5):
            recording(core, f"2026-11-21 1{number}-00-00", level=number, log=a_log(200.0 + number))
        core.close()
        code = """
import os, random, sys
sys.path.insert(0, os.getcwd())
from pathlib import Path
from device.sync.recordings import Recordings
from tests.test_sync_sets import made_core
chance = random.Random(int(sys.argv[2]))
def killed(point):
    if chance.random() < 0.5:
        os.kill(os.getpid(), 9)
core = made_core(Path(sys.argv[1]))
for seed in range(20):
    pid = os.fork()
    if pid == 0:
        chance.seed(int(sys.argv[2]) * 100 + seed)
        core = made_core(Path(sys.argv[1]))
        Recordings(core, killed).step()
        os._exit(0)
    os.waitpid(pid, 0)
"""
        for seed in range(3):
            subprocess.run([sys.executable, "-c", code, str(home), str(seed)], check=True)
        core = made_core(home)
        Recordings(core).step()
        assert sorted(one.title for one in told(core, Finished)) == [f"2026-11-21 1{n}-00-00" for n in range(5)]
        assert len(told(core, Offered)) == 10
        core.close()


def deck(serial=1, path="/m/a.wav", heard=True, tempo=1.5):
    return Deck(1, serial, path, "Low Tide", "Anna", "8A", True, heard, 1.0, 300.0, 126.0, tempo)


class TestPlays:
    def run(self, plays, core, rounds, seconds, *decks):
        for _ in range(rounds):
            seconds += 1.0
            core.now = Now(7, decks)
            plays.look(core.now, seconds)
        return seconds

    def test_a_play_is_told_when_the_next_track_comes(self, core):
        plays = Plays(core)
        at = self.run(plays, core, 31, 100.0, deck())
        assert told(core, Played) == []
        self.run(plays, core, 1, at, deck(2, "/m/b.wav"))
        [played] = told(core, Played)
        assert (played.track.title, played.track.artist, played.track.tempo) == ("Low Tide", "Anna", 126.0)
        assert played.heard == 30.0
        assert played.tempo == 1.5

    def test_what_was_hardly_heard_is_no_play(self, core):
        plays = Plays(core)
        at = self.run(plays, core, 5, 100.0, deck())
        at = self.run(plays, core, 60, at, deck(heard=False))
        self.run(plays, core, 1, at)
        assert told(core, Played) == []

    def test_a_play_goes_on_after_a_kill_and_is_told_once(self, core):
        at = self.run(Plays(core), core, 40, 100.0, deck())
        again = Plays(core)  # what the killed one had in memory is gone
        at = self.run(again, core, 40, at, deck())
        self.run(again, core, 1, at)
        self.run(Plays(core), core, 1, at)
        [played] = told(core, Played)
        assert 55 <= played.heard <= 80

    def test_a_play_that_ended_while_nobody_looked_is_told(self, core):
        self.run(Plays(core), core, 40, 100.0, deck())
        self.run(Plays(core), core, 1, 900.0, deck(1, "/m/a.wav"), *[])
        plays = Plays(core)
        core.now = Now(8, (deck(1, "/m/other.wav"),))  # another engine, with a load of the same number
        plays.look(core.now, 1000.0)
        assert [one.track.title for one in told(core, Played)] == ["Low Tide"]

    def test_a_pause_of_this_process_is_no_playing(self, core):
        plays = Plays(core)
        at = self.run(plays, core, 20, 100.0, deck())
        self.run(plays, core, 1, at + 500.0, deck())
        self.run(plays, core, 1, at + 502.0)
        assert told(core, Played)[0].heard < 25

    def test_the_hash_of_what_was_played_is_told(self, core, tmp_path):
        audio = wav(tmp_path / "a.wav")
        plays = Plays(core)
        at = self.run(plays, core, 20, 100.0, deck(1, str(audio)))
        self.run(plays, core, 1, at)
        assert told(core, Played)[0].track.hash == tracks.digest(audio)


UP_LOG = """\
2026-11-21 20:00:00,100 INFO spawned: 'engine' with pid 100
2026-11-21 20:00:05,100 INFO success: engine entered RUNNING state
2026-11-21 20:01:00,500 WARN exited: engine (terminated by SIGSEGV; not expected)
2026-11-21 20:01:00,600 INFO spawned: 'engine' with pid 101
2026-11-21 20:02:00,600 INFO exited: display (exit status 0; expected)
"""


TRACE = "Traceback (most recent call last):\n  x\nValueError: y\n"


class TestCrashes:
    def test_a_crash_is_told_once_with_the_last_lines_and_no_secret(self, core):
        logs = core.places.folder("logs")
        (logs / "up.log").write_text("")
        crashes = Crashes(core)
        crashes.step()
        (logs / "engine.log").write_text("one\npassword=geheim\n" + TRACE)
        (logs / "up.log").write_text(UP_LOG)
        crashes.step()
        Crashes(core).step()
        [crash] = told(core, Crash)
        assert (crash.process, crash.reason, crash.ran) == ("engine", "terminated by SIGSEGV", 60.0)
        assert crash.stack.startswith("Traceback")
        assert "geheim" not in json.dumps(crash.lines)

    def test_what_somebody_ended_is_no_crash_and_a_kill_is_said_in_words(self, core):
        logs = core.places.folder("logs")
        (logs / "up.log").write_text("")
        crashes = Crashes(core)
        crashes.step()
        endings = [
            "terminated by SIGTERM",
            "terminated by SIGHUP",
            "exit status 0",
            "exit status 143",
            "exit status 130",
            "exit status 129",
        ]
        endings += ["terminated by SIGKILL", "exit status 1", "terminated by SIGSEGV (core dumped)"]
        rows = [f"2026-11-21 20:01:00,500 WARN exited: sync ({how}; not expected)\n" for how in endings]
        rows.append("2026-11-21 20:01:00,500 INFO stopped: sync (terminated by SIGKILL)\n")
        (logs / "up.log").write_text("".join(rows))
        crashes.step()
        killed, *others = [one.reason for one in told(core, Crash)]
        assert killed.startswith("killed (SIGKILL): by a person, by the system")
        assert others == ["exit status 1", "terminated by SIGSEGV (core dumped)"]

    def test_a_log_that_was_begun_anew_is_read_from_its_start(self, core):
        logs = core.places.folder("logs")
        (logs / "up.log").write_text("x" * 5000 + "\n")
        crashes = Crashes(core)
        crashes.step()
        (logs / "up.log").rename(logs / "up.log.1")
        (logs / "up.log").write_text(UP_LOG)
        crashes.step()
        assert len(told(core, Crash)) == 1

    def test_half_a_line_waits_for_its_other_half(self, core):
        logs = core.places.folder("logs")
        (logs / "up.log").write_text("")
        crashes = Crashes(core)
        crashes.step()
        at = UP_LOG.index("SIGSEGV") + 3
        (logs / "up.log").write_text(UP_LOG[:at])
        crashes.step()
        assert told(core, Crash) == []
        with (logs / "up.log").open("a") as file:
            file.write(UP_LOG[at:])
        crashes.step()
        assert [one.reason for one in told(core, Crash)] == ["terminated by SIGSEGV"]

    def test_what_happened_before_the_first_look_is_not_told(self, core):
        (core.places.folder("logs") / "up.log").write_text(UP_LOG)
        crashes = Crashes(core)
        crashes.step()
        crashes.step()
        assert told(core, Crash) == []


class TestHealth:
    def test_a_report_is_told_once_a_period_with_what_was_measured(self, core):
        health = Health(core)
        for xruns in (5, 5, 7):
            health.look(Now(9, load=20.0 + xruns, xruns=xruns, samplerate=48000, period=128))
        assert health.step() > 50
        health._since -= 61
        core.now = Now(9, load=20.0, xruns=7, samplerate=48000, period=128)
        health.step()
        assert health.step() > 50
        [report] = told(core, Health_)
        assert report.sound.xruns == 2
        assert report.sound.load_worst == 27.0
        assert report.storage.total > 0
        assert report.memory_total > 0
        assert report.boot == core.boot

    def test_an_engine_that_was_started_anew_counts_from_nought(self, core):
        health = Health(core)
        health.look(Now(9, xruns=50))
        health.look(Now(10, xruns=1))
        health.look(Now(10, xruns=2))
        health._since -= 61
        core.now = Now(10, xruns=2)
        health.step()
        assert told(core, Health_)[0].sound.xruns == 1

    def test_without_an_engine_there_is_no_sound(self, core):
        health = Health(core)
        health._since -= 61
        health.step()
        assert told(core, Health_)[0].sound is None

    def test_the_boot_is_the_same_for_each_start_of_the_process(self, core):
        again = Core(core.places)
        assert again.boot == core.boot
        again.close()


MOBILE = "wwan0\t00000000\t0\t3\t0\t0\t700\t0\t0\t0\t0\n"


def test_the_network_that_leads_out_is_the_one_of_the_cheapest_default_route(tmp_path, monkeypatch):
    routes, devices = tmp_path / "route", tmp_path / "net"
    head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    routes.write_text(head)
    (devices / "wlan0" / "wireless").mkdir(parents=True)
    assert network.look(routes, devices) == ("none", False)
    routes.write_text(head + MOBILE + "wlan0\t00000000\t0\t3\t0\t0\t600\t0\t0\t0\t0\n")
    tool = tmp_path / "nmcli"
    tool.write_text('#!/bin/sh\n[ "$6" = wlan0 ] && echo "yes (guessed)" || echo no\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert network.look(routes, devices) == ("wireless", True)
    tool.write_text("#!/bin/sh\necho no\n")
    assert network.look(routes, devices) == ("wireless", False)
    routes.write_text(head + MOBILE)
    assert network.look(routes, devices) == ("mobile", True)
