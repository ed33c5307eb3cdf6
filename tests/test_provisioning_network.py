"""The box's network by a stand-in for nmcli that answers with faults; the radio itself is not tried."""

import http.client
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from device.errors import InputError, MachineError
from provisioning import captive, network
from provisioning.captive import Setup
from provisioning.network import Network, Wifi
from tests.companion.servers import free_port

pytestmark = pytest.mark.slow

FAKE = Path(__file__).parent / "fakes" / "nmcli"


class Radio:
    """What the stand-in knows and was asked."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.net = Network((sys.executable, str(FAKE)))

    def set(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)

    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def radio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Radio:
    monkeypatch.setenv("NM_FOLDER", str(tmp_path))
    return Radio(tmp_path)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("connected:full", "online"),
        ("connected:unknown", "online"),
        ("connected:limited", "local"),
        ("connected:portal", "local"),
        ("connected (local only):limited", "local"),
        ("connecting:none", "offline"),
        ("disconnected:none", "offline"),
        ("asleep:none", "offline"),
        ("", "offline"),
    ],
)
def test_what_kind_of_network_there_is_and_what_waits_is_said(radio: Radio, said: str, kind: network.Kind) -> None:
    radio.set(state=said)
    assert radio.net.state() == kind
    assert network.SENTENCES[kind]


def test_without_networkmanager_nothing_breaks(radio: Radio) -> None:
    assert Network(("/nowhere/nmcli",)).state() == "unmanaged"
    radio.set(fault="stopped")
    assert radio.net.state() == "unmanaged"
    with pytest.raises(MachineError, match="NetworkManager is not running"):
        radio.net.reachable()


def test_names_in_reach_are_listed_once_strongest_first_whatever_they_are_called(radio: Radio) -> None:
    radio.set(networks="Club:40:WPA2\nClub:80:WPA2\n:90:WPA2\nGuests:95:--\nA\\:B\\\\:10:\nodd line\nX:no:WPA2\n")
    assert radio.net.reachable() == [Wifi("Guests", 95, False), Wifi("Club", 80, True), Wifi("A:B\\", 10, False)]


def test_a_wrong_password_a_wrong_name_and_a_router_that_fails_are_three_things(radio: Radio) -> None:
    radio.set(known="Club=right password\n")
    radio.net.join("Club", "right password")
    with pytest.raises(InputError, match="Club does not take this password"):
        radio.net.join("Club", "wrong password")
    with pytest.raises(InputError, match="no Wi-Fi called Clubb is in reach"):
        radio.net.join("Clubb", "right password")
    radio.set(fault="no address")
    with pytest.raises(MachineError, match="IP configuration could not be reserved"):
        radio.net.join("Club", "right password")
    assert radio.asked().count("connection delete id Club") == 2  # what did not work is not tried for ever


NO_WIFI = [("", ""), ("x" * 33, ""), ("a\nb", ""), ("Club", "short"), ("Club", "x" * 65)]


@pytest.mark.parametrize(("name", "password"), NO_WIFI)
def test_what_can_be_no_wifi_is_not_tried(radio: Radio, name: str, password: str) -> None:
    with pytest.raises(InputError):
        radio.net.join(name, password)
    assert radio.asked() == []


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(radio: Radio, monkeypatch: pytest.MonkeyPatch) -> None:
    radio.set(fault="silent")
    with pytest.raises(MachineError, match="did not answer"):
        radio.net._ask("general", seconds=0.5)


def test_a_name_in_the_network_and_a_time_zone_are_checked(radio: Radio) -> None:
    radio.net.set_hostname("rackdeck-stage")
    assert radio.asked() == ["general hostname rackdeck-stage"]
    for wrong in ("", "-x", "x-", "Box", "a b", "x" * 64, "a.b"):
        with pytest.raises(InputError):
            radio.net.set_hostname(wrong)
    network.set_time_zone("Europe/Berlin", ("/bin/true",))
    with pytest.raises(InputError, match="no time zone"):
        network.set_time_zone("../etc/passwd", ("/bin/true",))
    with pytest.raises(MachineError):
        network.set_time_zone("Europe/Berlin", ("/bin/false",))
    with pytest.raises(MachineError):
        network.set_time_zone("Europe/Berlin", ("/nowhere",))


class Phone:
    """What joined the box's Wi-Fi."""

    def __init__(self, port: int):
        self._port = port

    def call(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
            line.request(method, path, urlencode(form) if form else None, headers)
            answer = line.getresponse()
            return answer.status, answer.getheader("Location", ""), answer.read().decode()
        finally:
            line.close()


@pytest.fixture
def setting_up(radio: Radio) -> Iterator[tuple[Setup, Phone]]:
    radio.set(known="Club=right password\n", networks='Club:80:WPA2\n<script>"x:50:WPA2\n')
    setup, port = Setup(radio.net, "Rackdeck 7K2M", captive.setup_password()), free_port()
    thread = threading.Thread(target=captive.run, args=(setup, port), daemon=True)
    thread.start()
    phone = Phone(port)
    for _ in range(500):
        try:
            phone.call("GET", "/")
            break
        except OSError:
            threading.Event().wait(0.02)
    yield setup, phone
    setup.joined.set()
    thread.join(20)
    assert not thread.is_alive()


def test_a_phone_is_led_to_the_form_and_the_box_tries_until_a_wifi_works(
    setting_up: tuple[Setup, Phone], radio: Radio
) -> None:
    setup, phone = setting_up
    for probe in ("/generate_204", "/hotspot-detect.html", "/connecttest.txt?x=1"):
        assert phone.call("GET", probe)[:2] == (302, "/")
    form = phone.call("GET", "/")[2]
    assert '<option value="Club">' in form
    assert "<script>" not in form
    phone.call("POST", "/", {"wifi": "Club", "password": "wrong password"})
    for _ in range(500):
        if setup.said:
            break
        threading.Event().wait(0.02)
    assert "Club does not take this password" in phone.call("GET", "/")[2]
    answer = phone.call("POST", "/", {"wifi": "Club", "password": "right password"})
    assert "goes away" in answer[2]
    assert setup.joined.wait(20)
    hotspots = [line for line in radio.asked() if "hotspot" in line]
    assert len(hotspots) == 2  # at the start, and after the wrong password
    assert all(f"password {setup.password}" in line for line in hotspots)


def test_a_form_that_is_too_long_or_wrong_is_refused_and_the_page_stays(setting_up: tuple[Setup, Phone]) -> None:
    setup, phone = setting_up
    assert phone.call("POST", "/", {"wifi": "x" * 5000})[0] == 413
    phone.call("POST", "/", {"wifi": "Club", "password": "right password", "zone": "Nowhere/Here"})
    for _ in range(500):
        if setup.said:
            break
        threading.Event().wait(0.02)
    assert "no time zone" in setup.said
    assert not setup.joined.is_set()


def test_a_box_without_a_radio_says_so(radio: Radio) -> None:
    radio.set(fault="no radio")
    with pytest.raises(MachineError, match="No Wi-Fi device found"):
        captive.run(Setup(radio.net, "Rackdeck", captive.setup_password()), 0)
