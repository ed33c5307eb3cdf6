"""`rackdeck box` against a companion that listens: claimed, renewed, left, reset; and what goes wrong on the way."""

import argparse
import datetime
import hashlib
import io
import os
import re
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.serving import make_server

from companion.boxes import enrolment
from companion.boxes.models import Certificate
from companion.database import connection, now
from device import lock, paths
from device.errors import ConfigError, InputError, MachineError
from device.sync.access import OutError
from provisioning import access, claimcode, claiming, command, companion_link, identity, membership, reset
from provisioning.companion_link import CompanionLink, RefusedError
from tests.companion.shared import prove

pytestmark = pytest.mark.slow


class Listening:
    """The test's application on a port, by HTTP, or HTTPS with a certificate of its own."""

    def __init__(self, app, context=None):
        self._server = make_server("127.0.0.1", 0, app, ssl_context=context)
        scheme = "https" if context else "http"
        self.address = f"{scheme}://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def settings(sqlite_settings):
    """On SQLite alone: it is the box that is tried here."""
    return sqlite_settings


@pytest.fixture
def companion(app):
    listening = Listening(app)
    yield listening.address
    listening.close()


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("RACKDECK_HOME", str(tmp_path / "box"))
    return identity.folder()


def own_certificate(folder, begin=datetime.datetime(2026, 1, 1)):
    """(SSL context, SHA-256) of a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "companion")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(begin).not_valid_after(begin + datetime.timedelta(365)).sign(key, hashes.SHA256())
    raw = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "own.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM) + raw)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "own.pem")
    return context, hashlib.sha256(made.public_bytes(serialization.Encoding.DER)).hexdigest()


def box(*words):
    """`rackdeck box …`."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words))


def claim(place, address, person, code="7K2M9QXP", pin=""):
    link = CompanionLink(address, pin)
    claiming.begin(place, link, code)
    assert person.post("/boxes/claims", {"code": code}).status_code == 201
    found = claiming.fetch(place, link)
    assert found is not None
    return found


def test_the_command_shows_a_code_and_waits_until_somebody_has_typed_it(companion, place, mira, capsys, monkeypatch):
    monkeypatch.setattr(claiming, "POLL_SECONDS", 0.02)
    ended = []
    thread = threading.Thread(target=lambda: ended.append(box("claim", "--companion", companion)))
    thread.start()
    said = ""
    while "scan the code" not in said:
        time.sleep(0.02)
        said += capsys.readouterr().out
    shown = claiming.pending(place)
    assert shown.shown in said
    answer = mira.post("/boxes/claims", {"code": shown.shown})
    assert answer.json["check"] == shown.check
    thread.join(20)
    assert ended == [0]
    assert claiming.pending(place) is None
    held = membership.read(place)
    assert (held.companion, held.box, held.broker_port) == (companion, identity.own(place).id, 8883)
    assert box("status") == 0
    assert re.search("certificate +good for 89 days", capsys.readouterr().out)


def test_a_code_that_nobody_types_in_ends_after_ten_minutes(companion, place, mira):
    at = [1000.0]
    link = CompanionLink(companion)
    shown = claiming.begin(place, link, clock=lambda: at[0])
    assert claiming.pending(place, lambda: 1599.0) == shown
    assert claiming.pending(place, lambda: 1601.0) is None

    def sleep(seconds):
        at[0] += 100

    with pytest.raises(MachineError, match="nobody has typed the code in"):
        claiming.wait(place, link, shown, lambda: at[0], sleep)
    assert membership.read(place) is None


def test_a_code_from_before_the_machine_started_anew_is_not_shown(companion, place, mira, monkeypatch):
    claiming.begin(place, CompanionLink(companion))
    monkeypatch.setattr(claiming, "boot_id", lambda: "another")
    assert claiming.pending(place) is None


def test_a_network_that_fails_while_the_box_waits_is_waited_for(app, companion, place, mira):
    shown = claiming.begin(place, CompanionLink(companion), "7K2M9QXP")
    mira.post("/boxes/claims", {"code": "7K2M9QXP"})
    link, tries = CompanionLink(companion), []
    post = link.post

    def fails_twice(path, body=None):
        tries.append(path)
        if len(tries) < 3:
            raise MachineError("the companion does not answer")
        return post(path, body)

    link.post = fails_twice
    assert claiming.wait(place, link, shown, sleep=lambda _: None).name


def test_a_certificate_is_renewed_after_sixty_days_and_the_old_one_stays_good(companion, place, mira):
    held = claim(place, companion, mira)
    day = membership.DAY_MS
    assert claiming.renew(place, now() + 59 * day) is None
    fresh = claiming.renew(place, now() + 61 * day)
    assert fresh.certificate != held.certificate
    assert membership.read(place) == fresh
    with connection():
        assert Certificate.select().where(Certificate.revoked.is_null()).count() == 2


def test_an_expired_certificate_says_so_and_is_claimed_anew(companion, place, mira, capsys):
    held = claim(place, companion, mira)
    with connection():
        Certificate.update(expires=now() - 1).execute()
    later = held.expires + 1
    assert held.expired(later)
    with pytest.raises(RefusedError, match="let it show a new code"):
        claiming.renew(place, later)
    assert membership.read(place) == held  # it goes on saying whose it was
    assert claim(place, companion, mira, "AAAAAAAA").certificate != held.certificate


def test_who_leaves_is_nobodys_and_the_key_stays(companion, place, mira, capsys):
    claim(place, companion, mira)
    before = identity.own(place).id
    assert box("leave") == 0
    assert "its companion knows" in capsys.readouterr().out
    assert mira.get("/boxes").json == []
    assert membership.read(place) is None
    assert identity.own(place).id == before


def test_who_leaves_without_a_network_is_nobodys_all_the_same(app, place, mira, capsys):
    listening = Listening(app)
    claim(place, listening.address, mira)
    listening.close()
    assert box("leave") == 0
    assert "revoke it there" in capsys.readouterr().out
    assert membership.read(place) is None


def test_a_companion_with_a_certificate_of_its_own_is_known_by_its_pin(app, place, mira, tmp_path):
    context, pin = own_certificate(tmp_path, datetime.datetime(2020, 1, 1))  # long expired: dates are not asked
    listening = Listening(app, context)
    try:
        with pytest.raises(MachineError, match=r"not trusted .*--pin"):
            CompanionLink(listening.address).nonce()
        with pytest.raises(MachineError, match=f"its SHA-256 is {pin}"):
            CompanionLink(listening.address, "0" * 64).nonce()
        held = claim(place, listening.address, mira, pin=":".join(re.findall("..", pin.upper())))
        assert held.pin == pin
        assert claiming.renew(place, now() + 61 * membership.DAY_MS)
    finally:
        listening.close()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://music.example.org", "not encrypted"),
        ("http://192.168.1.5:8000", "not encrypted"),
        ("ftp://x", "address is like"),
        ("https://", "address is like"),
        ("https://x/path", "address is like"),
        ("https://x:999999", "port must be a number"),
    ],
)
def test_an_address_that_is_none_or_not_safe_is_refused(address, sentence):
    with pytest.raises(InputError, match=sentence):
        CompanionLink(address)


def test_a_box_without_a_clock_says_that_it_is_the_clock(app, tmp_path, monkeypatch):
    listening = Listening(app, own_certificate(tmp_path)[0])
    monkeypatch.setattr(companion_link.time, "time", lambda: 86400.0)
    try:
        with pytest.raises(MachineError, match=r"clock says 02.01.1970"):
            CompanionLink(listening.address).nonce()
    finally:
        listening.close()


def test_what_answers_and_is_no_companion_is_said_to_be_none():
    def other(environ, start):
        start("200 OK", [("Content-Type", "text/html")])
        return [b"<h1>router</h1>"]

    listening = Listening(other)
    try:
        with pytest.raises(MachineError, match="is no companion"):
            CompanionLink(listening.address).nonce()
    finally:
        listening.close()
    with pytest.raises(MachineError, match="does not answer"):
        CompanionLink(listening.address).nonce()


def test_an_answer_with_a_foreign_certificate_is_not_kept(companion, place, mira, tmp_path):
    link = CompanionLink(companion)
    claiming.begin(place, link, "7K2M9QXP")
    mira.post("/boxes/claims", {"code": "7K2M9QXP"})
    post = link.post
    another = tmp_path / "another"
    another.mkdir()
    stranger = identity.own(another)
    for wrong in ({"authority": own_pem(tmp_path)}, {"broker_port": 0}, {"certificate": "x"}, {"broker_host": 5}):
        link.post = lambda path, body=None, wrong=wrong: post(path, body) | (wrong if path == "certificate" else {})
        with pytest.raises(MachineError):
            claiming.fetch(place, link)
    link.post = post
    good = claiming.fetch(place, link)
    with pytest.raises(MachineError, match="for another box"):
        membership.check(good, stranger)


def own_pem(folder):
    own_certificate(folder)
    return (folder / "own.pem").read_text().partition("-----BEGIN PRIVATE")[0]


def test_the_sync_learns_whose_the_box_is_and_what_to_do_when_it_is_out(companion, place, mira, noor):
    assert access.door().look() is None
    held = claim(place, companion, mira)
    at = [0.0]
    renew = access.Renewal(place, lambda: at[0])
    found = access.door().look()
    assert (found.box, found.host, found.port, found.owner) == (held.box, "127.0.0.1", 8883, held.owner)
    assert found.tls().minimum_version == ssl.TLSVersion.TLSv1_3
    assert not renew()
    prove(noor)
    mira.put(f"/boxes/{held.box}/offer", {"email": noor.email})
    noor.post(f"/boxes/offers/{held.box}/accept")
    assert not renew()  # it asks every other minute only, but for a box that waits for its first owner
    membership.write(place, replace(held, owner=""))
    assert renew()
    membership.write(place, held)
    at[0] += access.ASK_SECONDS
    assert renew()
    now_ = access.door().look()
    assert now_.owner not in ("", held.owner)
    assert membership.read(place).certificate == held.certificate
    noor.delete(f"/boxes/{held.box}")
    at[0] += access.ASK_SECONDS
    with pytest.raises(OutError, match="run `rackdeck box claim`"):
        renew()
    (place / "key.pem").unlink()
    with pytest.raises(MachineError, match="another key"):
        access.door().look()


def test_the_box_of_the_machine_joins_with_no_question_asked(companion, settings, place, admin):
    file = settings.folder / enrolment.HOUSE_FILE
    with pytest.raises(MachineError, match="is the companion of this machine running"):
        claiming.join_house(place, companion, file)
    enrolment.house_token(settings.folder)
    held = claiming.join_house(place, companion, file)
    assert held.box == identity.own(place).id
    assert [row["id"] for row in admin.get("/boxes").json] == [held.box]
    assert held.owner


def test_a_factory_reset_erases_all_of_the_box_and_nothing_else(companion, place, mira, capsys, monkeypatch):
    claim(place, companion, mira)
    home = place.parent
    for name in ("recordings", "music", "sync"):
        (home / name).mkdir()
        (home / name / "file").write_text("mine")
    (home / "letter.txt").write_text("not the box's")
    shown = paths.runtime() / "board-earnings.json"
    shown.write_text("{}")
    before = identity.own(place).id
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(InputError, match="--yes"):
        box("reset")
    assert box("reset", "--yes") == 0
    assert [path.name for path in home.iterdir()] == ["letter.txt"]
    assert not shown.exists()
    assert mira.get("/boxes").json == []
    assert identity.own(identity.folder()).id != before


def test_a_reset_that_was_cut_short_is_finished_at_the_next_command(place, tmp_path, monkeypatch, capsys):
    home = place.parent
    identity.own(place)
    (home / "recordings").mkdir()
    rmtree, erased = reset.shutil.rmtree, []

    def cut(path):
        if erased:
            raise KeyboardInterrupt
        erased.append(path)
        rmtree(path)

    monkeypatch.setattr(reset.shutil, "rmtree", cut)
    with pytest.raises(KeyboardInterrupt):
        reset.reset(home)
    assert erased == [place]  # the key is the first to go
    monkeypatch.setattr(reset.shutil, "rmtree", rmtree)
    assert box("name") == 0
    assert "cut short is done now" in capsys.readouterr().out
    assert not (home / "recordings").exists()


@pytest.mark.parametrize(("file", "what"), [("run/up.lock", "a box"), ("sync/sync.lock", "a sync")])
def test_a_box_that_runs_is_not_reset(place, file, what):
    (place.parent / file).parent.mkdir()
    held = lock.take(place.parent / file, what)
    try:
        with pytest.raises(ConfigError, match=f"{what} already runs"):
            box("reset", "--yes")
        (place.parent / reset.MARK).touch()  # and nobody else goes on with a reset that is still at work
        with pytest.raises(ConfigError, match="already runs"):
            box("status")
    finally:
        os.close(held)
    assert place.is_dir()


KILLED_AT_EACH_STEP = """
import os, signal, sys
from pathlib import Path
from provisioning import reset
home, steps = Path(sys.argv[1]), int(sys.argv[2])
def count(event, _arguments):
    global steps
    if event in ("os.remove", "os.rmdir", "os.rename"):
        steps -= 1
        if steps < 0:
            os.kill(os.getpid(), signal.SIGKILL)
def work(left, go):
    global steps
    steps = left
    if not os.fork():
        sys.addaudithook(count)
        go(home)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.wait()[1]) == 0
def fill():
    for name in ("identity/key.pem", "sync/sync.db", "music/a/b.wav", "recordings/c.wav", "letter.txt"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x")
for step in range(steps):
    fill()
    if work(step, reset.reset):
        print(step)
        break
    if (home / reset.MARK).exists():
        work(step // 2, reset.resume)  # and once more
        reset.resume(home) if step % 2 else reset.finish(home)
        left = {path.name for path in home.iterdir()} - {"run"}
        assert left <= {"letter.txt"}, (step, left)
    else:  # it had not begun
        assert (home / "identity/key.pem").exists() and (home / "music/a/b.wav").exists(), step
"""


def test_a_reset_that_is_killed_anywhere_is_finished_or_has_not_begun(tmp_path):
    command = [sys.executable, "-c", KILLED_AT_EACH_STEP, str(tmp_path / "box"), "100"]
    env = {**os.environ, "RACKDECK_HOME": str(tmp_path / "other")}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


def test_a_box_that_was_claimed_elsewhere_is_not_taken_back_by_its_own_companion(companion, place, mira, tmp_path):
    held = replace(claim(place, companion, mira), companion="https://music.example.org")
    membership.write(place, held)
    assert box("house", "--companion", "http://localhost:1", "--folder", str(tmp_path)) == 0
    assert membership.read(place) == held


def test_a_damaged_key_is_replaced_on_demand(place, capsys):
    (place / "key.pem").write_text("torn")
    with pytest.raises(MachineError, match="reset --key"):
        box("status")
    assert box("reset", "--key", "--yes") == 0
    assert box("status") == 0
    assert "nobody's" in capsys.readouterr().out


def test_the_qr_code_is_the_same_on_screen_terminal_and_paper():
    link = "https://music.example.org/boxes?claim=7K2M-9QXP"
    rows = claimcode.squares(link)
    assert len(rows) == len(rows[0])
    assert not any(any(rows[number]) for number in range(claimcode.QUIET))
    assert rows[4][4:11] == [True] * 7  # a corner
    assert claimcode.svg(link).startswith("<svg")
    assert len(claimcode.blocks(link).splitlines()) >= len(rows) // 2


def test_a_name_is_one_line(place, capsys):
    assert box("name", "Tour box") == 0
    for wrong in ("", " ", "a\nb", "x" * 61):
        with pytest.raises(InputError):
            box("name", wrong)
    assert identity.name(place) == "Tour box"
