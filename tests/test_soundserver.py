"""Finding and starting JACK, choosing a card, and the patch bay, with real jackd servers of their own."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device import paths
from device.errors import InputError, MachineError
from device.soundserver import command, jackd
from device.soundserver.cards import choose_backend, list_cards
from device.soundserver.server import SoundReport, find, read_report
from device.soundserver.wiring import Wiring, plan

pytestmark = pytest.mark.slow

MACHINE = """\
 0 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0
                      vc4-hdmi-0
 1 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
 2 [CODEC          ]: USB-Audio - USB Audio CODEC
                      Burr-Brown from TI USB Audio CODEC at usb-0000:01:00.0-1.3, full speed
 3 [Loopback       ]: Loopback - Loopback
                      Loopback 1
 4 [Webcam         ]: USB-Audio - A webcam
                      A webcam at usb-0000:01:00.0-1.4
"""
DEVICES = """\
00-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1
01-00: bcm2835 Headphones : bcm2835 Headphones : playback 8
02-00: USB Audio : USB Audio : playback 1 : capture 1
03-00: Loopback PCM : Loopback PCM : playback 8 : capture 8
04-00: USB Audio : USB Audio : capture 1
"""
STANDIN = """#!/bin/sh
printf '%s\\n' "$*" >> {calls}
case "$*" in *"-d alsa"*) {alsa} ;; esac
exec jackd "$@"
"""


def machine(root: Path, cards: str = MACHINE, devices: str = DEVICES) -> Path:
    """A file tree that looks like a machine with these sound cards."""
    (root / "proc/asound").mkdir(parents=True, exist_ok=True)
    (root / "proc/asound/cards").write_text(cards)
    (root / "proc/asound/pcm").write_text(devices)
    return root


def only(root: Path, *numbers: int) -> Path:
    """The machine with only some of its cards."""
    cards = [line for line in MACHINE.splitlines() if line[:3].strip().isdigit() and int(line[:2]) in numbers]
    devices = [line for line in DEVICES.splitlines() if int(line[:2]) in numbers]
    return machine(root, "".join(f"{line}\n" for line in cards), "".join(f"{line}\n" for line in devices))


needs_jackd = pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd is not installed here")


def wait_for(true: Callable[[], object], seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return bool(true())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path / "home"))
    yield
    shutil.rmtree(paths.runtime())


def start_jackd(name: str, *options: str) -> subprocess.Popen[bytes]:
    words = ["jackd", "-n", name, "-r", "-d", "dummy", "-r", "48000", "-p", "256", *options]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert wait_for(lambda: find(name).running)
    return server


def end(process: subprocess.Popen[bytes]) -> int:
    """End a process in peace: a jackd that is killed keeps its place among the eight that JACK has for servers."""
    process.terminate()
    try:
        return process.wait(10)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def server() -> Iterator[str]:
    """A server with six outputs and two inputs that is ours alone."""
    name = f"rackdeck-test-{os.getpid()}"
    process = start_jackd(name, "-P", "6")
    yield name
    end(process)


# cards


def test_a_usb_card_is_preferred_and_the_sentence_says_over_which(tmp_path: Path) -> None:
    backend = choose_backend(list_cards(machine(tmp_path)))
    assert (backend.driver, backend.device) == ("alsa", "hw:CODEC,0")
    assert backend.why == "to USB Audio CODEC (USB), preferred to bcm2835 Headphones (headphone socket)"


def test_a_card_that_only_records_is_not_a_card_to_play_on(tmp_path: Path) -> None:
    assert choose_backend(list_cards(only(tmp_path, 4))).driver == "dummy"


def test_hdmi_plays_only_when_there_is_nothing_else(tmp_path: Path) -> None:
    assert choose_backend(list_cards(only(tmp_path, 0, 1))).device == "hw:Headphones,0"
    alone = choose_backend(list_cards(only(tmp_path, 0)))
    assert (alone.device, alone.why) == ("hw:vc4hdmi0,0", "to vc4-hdmi-0 (HDMI), the only sound card")


def test_a_refused_card_gives_way_to_the_next_and_at_last_to_silence(tmp_path: Path) -> None:
    cards = list_cards(only(tmp_path, 1, 2))
    assert choose_backend(cards, {"CODEC"}).device == "hw:Headphones,0"
    silent = choose_backend(cards, {"CODEC", "Headphones"})
    assert silent.driver == "dummy"
    assert "USB Audio CODEC (USB) does not play" in silent.why


def test_no_card_and_a_loopback_alone_are_two_different_sentences(tmp_path: Path) -> None:
    assert "has no sound card" in choose_backend(list_cards(tmp_path / "nothing")).why
    assert "has no sound card" in choose_backend(list_cards(machine(tmp_path, "--- no soundcards ---\n", ""))).why
    assert "not a real sound card" in choose_backend(list_cards(only(tmp_path, 3))).why


def test_an_intel_card_is_told_apart_from_the_hdmi_device_on_the_same_chip(tmp_path: Path) -> None:
    cards = (
        " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n                      HDA Intel PCH at 0xf7d10000 irq 31\n"
    )
    devices = "00-03: HDMI 0 : HDMI 0 : playback 1\n00-00: ALC269VC Analog : ALC269VC Analog : playback 1 : capture 1\n"
    found = list_cards(machine(tmp_path, cards, devices))
    assert [(card.alsa_name, card.kind, card.captures) for card in found] == [
        ("hw:PCH,0", "card", True),
        ("hw:PCH,3", "hdmi", False),
    ]


# how jackd is called


def test_jackd_gets_three_periods_on_usb_and_only_playback_where_nothing_records(tmp_path: Path) -> None:
    cards = {card.ident: card for card in list_cards(machine(tmp_path))}
    settings = jackd.Settings("box", 48000, 128)
    usb = " ".join(jackd.jackd_command(choose_backend([cards["CODEC"]]), settings, True))
    assert usb.endswith("jackd -n box -R -P 70 -d alsa -r 48000 -p 128 -d hw:CODEC,0 -n 3")
    jack = " ".join(jackd.jackd_command(choose_backend([cards["Headphones"]]), settings, False))
    assert jack.endswith("jackd -n box -r -d alsa -r 48000 -p 128 -d hw:Headphones,0 -n 2 -P")


@pytest.mark.parametrize(
    ("model", "frames"),
    [("Raspberry Pi 4 Model B Rev 1.5\0", 256), ("Raspberry Pi 5 Model B Rev 1.0\0", 128), ("Some other board", 128)],
)
def test_the_usual_period_suits_the_machine(tmp_path: Path, model: str, frames: int) -> None:
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_text(model)
    assert jackd.usual_period(tmp_path) == frames


def test_settings_that_no_card_has_are_refused_with_the_range() -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert command.check(parser.parse_args(["--period", "64", "--name", "x"])) == jackd.Settings("x", 48000, 64)
    for words, hint in (
        (["--period", "100"], "power of two"),
        (["--rate", "1"], "8000"),
        (["--backend", "oss"], "auto"),
    ):
        with pytest.raises(InputError, match=hint):
            command.check(parser.parse_args(words))


def test_why_a_card_does_not_play_names_the_remedy(tmp_path: Path) -> None:
    card = list_cards(machine(tmp_path))[0]
    settings = jackd.Settings("x")
    assert "plug it in again" in jackd.why_refused(card, settings, tmp_path)
    (tmp_path / "dev/snd").mkdir(parents=True)
    (tmp_path / f"dev/snd/pcmC{card.index}D{card.device}p").touch()
    assert "128 frames" in jackd.why_refused(card, settings, tmp_path)


# finding a server


@needs_jackd
def test_an_absent_a_running_and_a_hung_server_are_told_apart(server: str) -> None:
    assert find("rackdeck-test-nobody").state == "absent"
    there = find(server)
    assert (there.state, there.rate, there.period, there.outputs, there.wired) == ("running", 48000, 256, 6, None)


@needs_jackd
def test_a_server_that_hangs_is_reported_and_not_waited_for() -> None:
    name = f"rackdeck-test-hung-{os.getpid()}"
    process = start_jackd(name)
    try:
        process.send_signal(signal.SIGSTOP)
        state = find(name, timeout=1.0)
        assert (state.state, state.running) == ("hung", False)
        assert "does not answer" in str(state)
    finally:
        process.send_signal(signal.SIGCONT)
        end(process)
    assert find(name).state == "absent"


def test_a_report_counts_only_while_its_writer_lives(home: None, tmp_path: Path) -> None:
    gone = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True)
    report = SoundReport(int(gone.stdout), "x", "dummy", "", 48000, 128, "nowhere")
    report.write(tmp_path)
    assert read_report(tmp_path) is None
    report = SoundReport(os.getpid(), "x", "dummy", "", 48000, 128, "nowhere")
    report.write(tmp_path)
    assert read_report(tmp_path) == report


# `rackdeck jack`, with jackd itself; only the sound card is played by a stand-in


class Jack:
    """`rackdeck jack` in a process of its own, on a machine of our making."""

    def __init__(self, root: Path, alsa: str, wish: str = "auto"):
        self.name = f"rackdeck-test-jack-{os.getpid()}"
        self.calls = root / "calls"
        program = root / "jackd-standin"
        program.write_text(STANDIN.format(calls=self.calls, alsa=alsa))
        program.chmod(0o755)
        code = (
            "import signal, sys; from pathlib import Path\n"
            "from device.soundserver import jackd; from device.soundserver.keeper import Keeper\n"
            f"keeper = Keeper(jackd.Settings({self.name!r}), {wish!r}, realtime=False, root=Path({str(root)!r}), "
            f"program={str(program)!r}, say=lambda text: print(text, flush=True))\n"
            "signal.signal(signal.SIGTERM, lambda *_: keeper.stop())\n"
            "sys.exit(keeper.run())\n"
        )
        self.log = root / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-c", code], stdout=log, stderr=subprocess.STDOUT)

    def says(self, words: str) -> bool:
        return wait_for(lambda: words in self.log.read_text())

    def drivers(self) -> list[str]:
        return [line.split(" -d ")[1].split()[0] for line in self.calls.read_text().splitlines()]

    def close(self) -> int:
        return end(self.process)


Start = Callable[..., Jack]
PLAYS = 'exec jackd -n "$RACKDECK_TEST_SERVER" -r -d dummy -r 48000 -p 128'


@pytest.fixture
def jack(tmp_path: Path, home: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    started: list[Jack] = []
    monkeypatch.setenv("RACKDECK_TEST_SERVER", f"rackdeck-test-jack-{os.getpid()}")

    def start(alsa: str = PLAYS, wish: str = "auto") -> Jack:
        started.append(Jack(tmp_path, alsa, wish))
        return started[-1]

    yield start
    for one in started:
        one.close()


@needs_jackd
def test_a_card_that_does_not_play_is_tried_twice_and_then_left_alone(tmp_path: Path, jack: Start) -> None:
    only(tmp_path, 1)
    box = jack(alsa="exit 255")
    assert box.says("the sound goes nowhere (JACK's dummy driver): bcm2835 Headphones (headphone socket) does not play")
    time.sleep(1.5)
    assert box.drivers() == ["alsa", "alsa", "dummy"]
    assert "-p 1024" in box.calls.read_text().splitlines()[1]
    report = read_report()
    assert report is not None
    assert (report.driver, report.pid, report.title) == (
        "dummy",
        box.process.pid,
        "no sound card (JACK's dummy driver)",
    )
    assert box.close() == 0
    assert read_report() is None
    assert find(box.name).state == "absent"


@needs_jackd
def test_a_card_that_is_unplugged_gives_way_to_silence_and_is_taken_again(tmp_path: Path, jack: Start) -> None:
    only(tmp_path, 2)
    box = jack()
    assert box.says("the sound goes to USB Audio CODEC (USB)")
    only(tmp_path)
    assert box.says("USB Audio CODEC (USB) was unplugged")
    assert box.says("this machine has no sound card")
    only(tmp_path, 2)
    assert box.says("USB Audio CODEC (USB) is there now")
    assert wait_for(lambda: box.drivers() == ["alsa", "dummy", "alsa"])


@needs_jackd
def test_a_jackd_that_dies_is_started_again_and_ends_with_its_keeper(tmp_path: Path, jack: Start) -> None:
    box = jack(wish="dummy")
    assert box.says("as asked")
    child = int(Path(f"/proc/{box.process.pid}/task/{box.process.pid}/children").read_text())
    os.kill(child, signal.SIGKILL)
    assert box.says("jackd was ended by SIGKILL; starting it again")
    assert wait_for(lambda: find(box.name).running and len(box.drivers()) == 2)
    box.process.kill()
    box.process.wait()
    assert wait_for(lambda: find(box.name).state == "absent")


# the plan


def own(*names: str) -> list[str]:
    buses = ("main", "booth", "phones", "deck1", "deck2", "deck3", "deck4", "mic")
    return [f"rackdeck:{name}" for name in names or [f"{bus}_{side}" for bus in buses for side in ("left", "right")]]


def ports(kind: str, count: int) -> list[str]:
    return [f"system:{kind}_{number}" for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("outputs", "buses"),
    [(0, []), (2, ["main"]), (3, ["main"]), (4, ["main", "phones"]), (6, ["main", "booth", "phones"])],
)
def test_outputs_are_given_to_the_buses_in_order_of_need(outputs: int, buses: list[str]) -> None:
    expected = [
        (f"rackdeck:{bus}_{side}", f"system:playback_{2 * place + right + 1}")
        for place, bus in enumerate(buses)
        for right, side in enumerate(("left", "right"))
    ]
    assert plan(own(), ports("playback", outputs), []) == expected
    assert plan(own(), ports("playback", 10), [])[4:] == plan(own(), ports("playback", 6), [])[4:]


def test_one_speaker_gets_both_sides_and_one_microphone_feeds_both() -> None:
    assert plan(own(), ["a:out"], ["a:in"]) == [
        ("rackdeck:main_left", "a:out"),
        ("rackdeck:main_right", "a:out"),
        ("a:in", "rackdeck:mic_left"),
        ("a:in", "rackdeck:mic_right"),
    ]


def test_ports_that_the_engine_does_not_have_are_not_planned() -> None:
    assert plan(own("main_left"), ports("playback", 4), ports("capture", 2)) == [
        ("rackdeck:main_left", "system:playback_1")
    ]


# what a person did by hand

WIRED = ("rackdeck:main_left", "system:playback_1")
RECORDER = ("rackdeck:main_left", "recorder:in")
PORTS = {*WIRED, *RECORDER}


def test_a_cable_that_someone_pulled_stays_out_until_they_put_it_back() -> None:
    wiring = Wiring()
    assert wiring.decide(PORTS, [WIRED], []) == [WIRED]
    assert wiring.decide(PORTS, [WIRED], [WIRED]) == []
    assert wiring.decide(PORTS, [WIRED], []) == []
    assert wiring.decide(PORTS, [WIRED], []) == []
    assert wiring.decide(PORTS, [WIRED], [WIRED]) == []
    assert wiring.refused == set()


def test_a_card_that_comes_back_is_wired_again() -> None:
    wiring = Wiring()
    wiring.decide(PORTS, [WIRED], [])
    wiring.decide(PORTS, [WIRED], [WIRED])
    assert wiring.decide(PORTS - {WIRED[1]}, [], []) == []
    assert wiring.decide(PORTS, [WIRED], []) == [WIRED]


def test_a_cable_that_someone_laid_is_laid_again_after_a_restart(tmp_path: Path) -> None:
    memory = tmp_path / "patchbay.json"
    wiring = Wiring(memory)
    wiring.decide(PORTS, [WIRED], [])
    wiring.decide(PORTS, [WIRED], [WIRED])
    wiring.decide(PORTS, [WIRED], [WIRED, RECORDER])
    wiring.decide(PORTS, [WIRED], [RECORDER])
    assert Wiring(memory).decide(PORTS, [WIRED], []) == [RECORDER]
    memory.write_text("not a patch bay")
    assert Wiring(memory).decide(PORTS, [WIRED], []) == [WIRED]


# the patch bay itself, beside a real engine stand-in and a person with jack-client


def settle(bay: object, true: Callable[[], bool]) -> bool:
    def look() -> bool:
        bay.pump()  # type: ignore[attr-defined]
        return true()

    return wait_for(look)


@needs_jackd
def test_the_patch_bay_wires_follows_and_does_not_fight(server: str, home: None, tmp_path: Path) -> None:
    jack_client = pytest.importorskip("jack")
    from device.soundserver.patchbay import PatchBay

    engine = jack_client.Client("rackdeck", no_start_server=True, servername=server)
    for name in ("main_left", "main_right", "phones_left"):
        engine.outports.register(name)
    engine.inports.register("mic_left")
    engine.activate()
    expected = [
        ("rackdeck:main_left", "system:playback_1"),
        ("rackdeck:main_right", "system:playback_2"),
        ("rackdeck:phones_left", "system:playback_5"),
        ("system:capture_1", "rackdeck:mic_left"),
    ]
    bay = PatchBay("rackdeck", server, tmp_path / "patchbay.json")
    assert bay.connections() == expected  # at once: nobody waits for the sound
    assert find(server).wired is True
    assert bay.describe() == f"JACK server {server!r}, 6 outputs"

    engine.outports.register("booth_left")  # a port that comes later
    assert settle(bay, lambda: ("rackdeck:booth_left", "system:playback_3") in bay.connections())

    person = jack_client.Client("person", no_start_server=True, servername=server)
    person.inports.register("in")
    person.activate()
    person.connect("rackdeck:main_left", "person:in")
    person.disconnect("rackdeck:main_right", "system:playback_2")
    for _ in range(10):
        bay.pump()
        time.sleep(0.05)
    now = bay.connections()
    assert ("rackdeck:main_left", "person:in") in now
    assert ("rackdeck:main_right", "system:playback_2") not in now
    assert find(server).wired is False
    person.close()
    bay.close()

    person = jack_client.Client("person", no_start_server=True, servername=server)
    bay = PatchBay("rackdeck", server, tmp_path / "patchbay.json")  # an engine that starts again remembers
    person.inports.register("in")
    person.activate()
    assert settle(bay, lambda: ("rackdeck:main_left", "person:in") in bay.connections())
    assert ("rackdeck:main_right", "system:playback_2") not in bay.connections()
    for client in (person, bay, engine):
        client.close()


@needs_jackd
def test_the_patch_bay_outlives_its_server_and_pulls_no_cable(tmp_path: Path) -> None:
    jack_client = pytest.importorskip("jack")
    from device.soundserver.patchbay import PatchBay

    name, memory = f"rackdeck-test-ends-{os.getpid()}", tmp_path / "patchbay.json"
    process = start_jackd(name)
    engine = jack_client.Client("rackdeck", no_start_server=True, servername=name)
    engine.outports.register("main_left")
    engine.activate()
    bay = PatchBay("rackdeck", name, memory)
    assert bay.connections()
    end(process)
    for _ in range(10):
        bay.pump()
        time.sleep(0.05)
    bay.describe()
    for client in (bay, engine):
        client.close()
    assert not memory.exists() or "main_left" not in memory.read_text()
    with pytest.raises(MachineError, match="rackdeck jack"):
        PatchBay(server=name)
