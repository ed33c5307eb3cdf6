"""Large files: resumed where they were cut, checked by hash, slowed while something plays, held on a costly network."""

import hashlib
import http.server
import json
import os
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from device.contracts import codec, envelope
from device.contracts.clock import Stamp
from device.contracts.files import Offered, Received, Refused, Sent
from device.contracts.lists import Ready, Withdrawn
from device.contracts.lists import Sent as ListSent
from device.contracts.values import FileRef, Track
from device.library import crate
from device.sync import effects, tracks, uploads, web
from device.sync.access import Access
from device.sync.downloads import Downloads
from device.sync.effects import Effects
from device.sync.sight import Deck, Now
from device.sync.uploads import Uploads
from tests.test_sync_sets import made_core, told, wav

pytestmark = pytest.mark.slow

TOKEN = "secret-token"


class Server:
    """Takes files by tus and gives them by ranges; cuts a connection after `cuts` bytes, once for each number there."""

    def __init__(self):
        server = self
        self.got, self.gives, self.cuts, self.asked, self.status = bytearray(), b"", [], [], None

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, headers=(), body=b""):
                self.send_response(status)
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def fits(self):
                server.asked.append((self.command, dict(self.headers)))
                if server.status:
                    self.answer(server.status)
                    self.close_connection = True
                elif self.headers["Authorization"] != f"Bearer {TOKEN}":
                    self.answer(401)
                    self.close_connection = True
                else:
                    return True
                return False

            def do_HEAD(self):
                if self.fits():
                    self.answer(200, {"Upload-Offset": str(len(server.got))})

            def do_PATCH(self):
                if not self.fits():
                    return
                if int(self.headers["Upload-Offset"]) != len(server.got):
                    self.answer(409)
                    self.close_connection = True
                    return
                left = int(self.headers["Content-Length"])
                cut = server.cuts.pop(0) if server.cuts else None
                while left:
                    data = self.rfile.read(min(left, 10_000))
                    server.got += data
                    left -= len(data)
                    if cut is not None and (cut := cut - len(data)) <= 0:
                        self.connection.close()
                        return
                self.answer(204, {"Upload-Offset": str(len(server.got))})

            def do_GET(self):
                if not self.fits():
                    return
                begins = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
                data = server.gives[begins:]
                self.send_response(206)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if server.cuts:
                    self.wfile.write(data[: server.cuts.pop(0)])
                    self.connection.close()
                    self.close_connection = True
                else:
                    self.wfile.write(data)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self._server.server_port}/files/1"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def show(self, certificate):
        """Speak TLS from now on, with this certificate and its key (one PEM file)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http://", "https://")

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


@pytest.fixture
def core(tmp_path, server):
    made = made_core(tmp_path / "home")
    made.access = Access("box" * 3, "Box", "m", "anna", "", 1, None, server.url)
    yield made
    made.close()


def certificate(path):
    """Write a certificate of its own with its key; returns its SHA-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "companion")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    made = made.not_valid_before(begins).not_valid_after(begins + timedelta(days=1)).sign(key, hashes.SHA256())
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return made.fingerprint(hashes.SHA256()).hex()


def offered(core, path):
    file = FileRef(tracks.digest(path), path.stat().st_size, path.name, "audio/wav")
    with core.database.writing() as connection:
        uploads.offer(connection, core.outbox, Offered(file, "recording"), path)
    return file.hash


def wanted(core, name, url):
    with core.database.writing() as connection:
        connection.execute(
            "UPDATE uploads SET state = 'wanted', url = ?, token = ?, due = 0 WHERE hash = ?", (url, TOKEN, name)
        )


def state(core, table="uploads"):
    return core.database.connection.execute(f"SELECT state, said FROM {table}").fetchone()


def work(made, rounds=40):
    for _ in range(rounds):
        if made.step() >= 30.0:
            with made._core.database.writing() as connection:
                for table in ("uploads", "downloads"):
                    connection.execute(f"UPDATE {table} SET due = 0 WHERE state = 'wanted'")
    made._web.close()


class TestUploads:
    def test_a_file_goes_up_whole_although_the_line_is_cut_again_and_again(self, core, server, tmp_path):
        path = tmp_path / "set.wav"
        path.write_bytes(os.urandom(3_000_000))
        server.cuts = [5000, 70_000, 1_000_000]
        wanted(core, offered(core, path), server.url)
        for _ in range(4):  # each time by a process that starts anew
            work(Uploads(core), 3)
        assert bytes(server.got) == path.read_bytes()
        assert state(core)[0] == "sent"
        begun = [int(headers["Upload-Offset"]) for method, headers in server.asked if method == "PATCH"]
        assert begun[0] == 0
        assert begun == sorted(set(begun)), "it went on where it was cut"

    def test_a_token_that_is_out_of_date_makes_it_offer_the_file_again(self, core, server, tmp_path):
        path = wav(tmp_path / "a.wav")
        name = offered(core, path)
        wanted(core, name, server.url)
        server.status = 401
        work(Uploads(core), 1)
        assert [one.file.hash for one in told(core, Offered)] == [name, name]
        assert state(core)[0] == "offered"

    def test_a_companion_that_knows_nothing_of_it_again_and_again_is_asked_ever_later(self, core, server, tmp_path):
        path = wav(tmp_path / "a.wav")
        name = offered(core, path)
        server.status = 404
        for _ in range(5):
            wanted(core, name, server.url)
            work(Uploads(core), 1)
        assert len(told(core, Offered)) == 2, "once at once, then it waits"
        assert state(core)[0] == "put off"

    @pytest.mark.parametrize(("status", "then"), [(423, "wanted"), (429, "wanted"), (415, "put off"), (413, "put off")])
    def test_what_the_companion_does_not_take_waits_and_is_no_loop(self, core, server, tmp_path, status, then):
        path = wav(tmp_path / "a.wav")
        wanted(core, offered(core, path), server.url)
        server.status = status
        work(Uploads(core), 3)
        assert state(core)[0] == then
        assert len(told(core, Offered)) == 1

    def test_a_file_that_was_refused_for_now_is_not_offered_at_once(self, core, server, tmp_path):
        path = wav(tmp_path / "a.wav")
        name = offered(core, path)
        head = envelope.Head(core.new_id(), "files", core.new_id(), 1, Stamp(1, 0), "set", "file.refused", 1)
        with core.database.writing() as connection:
            Effects(core.outbox).apply(connection, envelope.Message(head, Refused(name, "full")))
        for _ in range(3):
            work(Uploads(core), 1)
        assert state(core) == ("put off", "full")
        assert len(told(core, Offered)) == 1

    def test_an_address_without_a_host_is_the_companions(self, core, server, tmp_path):
        path = wav(tmp_path / "a.wav")
        core.access = replace(core.access, companion=server.url.removesuffix("/files/1") + "/")
        wanted(core, offered(core, path), "/files/1")
        work(Uploads(core), 2)
        assert bytes(server.got) == path.read_bytes()

    def test_a_companion_that_shows_another_certificate_gets_nothing_and_is_tried_again(self, core, server, tmp_path):
        pins = {name: certificate(tmp_path / name) for name in ("own.pem", "other.pem")}
        server.show(tmp_path / "own.pem")
        path = wav(tmp_path / "a.wav")
        core.access = replace(core.access, companion=server.url.removesuffix("/files/1"), pin=pins["other.pem"])
        wanted(core, offered(core, path), "/files/1")
        work(Uploads(core), 2)
        assert server.asked == []
        assert state(core)[0] == "wanted"
        assert "another certificate" in state(core)[1]
        core.access = replace(core.access, pin=pins["own.pem"])
        work(Uploads(core), 3)
        assert bytes(server.got) == path.read_bytes()

    def test_a_file_that_was_changed_since_is_not_sent(self, core, server, tmp_path):
        path = wav(tmp_path / "a.wav")
        wanted(core, offered(core, path), server.url)
        with path.open("ab") as file:
            file.write(b"more")
        work(Uploads(core), 2)
        assert state(core)[0] == "gone"
        assert server.asked == []

    def test_a_companion_that_fails_is_asked_again_later(self, core, server, tmp_path):
        path = wav(tmp_path / "a.wav")
        wanted(core, offered(core, path), server.url)
        server.status = 503
        work(Uploads(core), 2)
        assert state(core)[0] == "wanted"
        server.status = None
        work(Uploads(core), 4)
        assert bytes(server.got) == path.read_bytes()

    def test_nothing_goes_over_a_network_that_costs_unless_it_may(self, core, server, tmp_path):
        path = wav(tmp_path / "a.wav")
        wanted(core, offered(core, path), server.url)
        core.metered = True
        work(Uploads(core), 3)
        assert server.asked == []

    def test_while_something_plays_it_goes_slowly(self, core, server, tmp_path, monkeypatch):
        slept = []
        monkeypatch.setattr(web.time, "sleep", slept.append)
        path = tmp_path / "set.wav"
        path.write_bytes(os.urandom(1_000_000))
        core.now = Now(1, (Deck(1, 1, "", "", "", "", True, True, 0, 0, 0, 0),))
        wanted(core, offered(core, path), server.url)
        work(Uploads(core), 2)
        assert bytes(server.got) == path.read_bytes()
        assert 1.5 < sum(slept) < 2.5, "a megabyte at half a megabyte a second"

    def test_few_offers_are_without_an_answer_and_the_others_wait_for_theirs(self, core, tmp_path):
        for number in range(uploads.MOST_OFFERED + 5):
            path = tmp_path / f"{number}.wav"
            path.write_bytes(bytes(number + 1))
            offered(core, path)
        for _ in range(3):  # away for long, and started again and again
            with core.database.writing() as connection:
                connection.execute("UPDATE uploads SET due = 0")
            made = Uploads(core)
            with core.database.writing() as connection:
                connection.execute("UPDATE uploads SET due = 0")
            assert made.step() == uploads.SLOT_SECONDS
        first = told(core, Offered)
        assert len(first) == uploads.MOST_OFFERED
        with core.database.writing() as connection:
            connection.execute(
                "UPDATE uploads SET state = 'kept' WHERE hash IN (?, ?)", [one.file.hash for one in first[:2]]
            )
        work(Uploads(core), 2)
        assert [one.file.size for one in told(core, Offered)[len(first) :]] == [33, 34]

    def test_an_offer_that_arrived_and_got_no_answer_is_made_again(self, core, tmp_path):
        offered(core, wav(tmp_path / "a.wav"))
        with core.database.writing() as connection:
            connection.execute("DELETE FROM outbox")  # it was receipted
        made = Uploads(core)
        with core.database.writing() as connection:
            connection.execute("UPDATE uploads SET due = 0")
        work(made, 3)
        assert len(told(core, Offered)) == 1

    def test_a_file_that_is_gone_waits_for_nothing(self, core, server, tmp_path):
        path = wav(tmp_path / "a.wav")
        wanted(core, offered(core, path), server.url)
        path.unlink()
        work(Uploads(core), 2)
        assert state(core)[0] == "gone"

    def test_no_token_is_sent_where_others_could_listen(self, core, tmp_path):
        path = wav(tmp_path / "a.wav")
        wanted(core, offered(core, path), "http://music.example.org/1")
        work(Uploads(core), 1)
        assert state(core)[0] == "put off"
        assert "not encrypted" in state(core)[1]


def sent(core, server, data, name="Low Tide.wav", purpose="track", right=True):
    digest = hashlib.sha256(data if right else b"other").hexdigest()
    file, track = FileRef(digest, len(data), name, "audio/wav"), Track("Low Tide", "Anna", tempo=120.0)
    body = Sent(file, purpose, server.url, TOKEN, track)
    with core.database.writing() as connection:
        connection.execute(
            "INSERT INTO downloads (hash, body, state) VALUES (?, ?, 'wanted')", (digest, json.dumps(codec.plain(body)))
        )
    server.gives = data
    return digest


class TestDownloads:
    def test_a_track_comes_whole_with_its_name_although_the_line_is_cut(self, core, server):
        data = os.urandom(900_000)
        digest = sent(core, server, data)
        server.cuts = [1000, 300_000]
        for _ in range(4):
            work(Downloads(core, 0), 3)
        path = core.places.home / "music" / "Low Tide.wav"
        assert path.read_bytes() == data
        assert (crate.describe(path).title, crate.describe(path).artist) == ("Low Tide", "Anna")
        assert [(one.hash, one.outcome) for one in told(core, Received)] == [(digest, "there")]
        ranges = [headers["Range"] for _, headers in server.asked]
        assert ranges[0] == "bytes=0-"
        assert ranges[-1] != "bytes=0-"

    def test_what_is_not_what_was_meant_is_thrown_away(self, core, server):
        sent(core, server, b"x" * 1000, right=False)
        work(Downloads(core, 0), 2)
        assert [one.outcome for one in told(core, Received)] == ["wrong hash"]
        assert not list((core.places.home / "music").iterdir())

    @pytest.mark.parametrize("name", ["crate.json", ".hidden.wav", "run.sh"])
    def test_only_music_gets_into_the_music_folder(self, core, server, name):
        sent(core, server, b"x" * 10, name)
        work(Downloads(core, 0), 2)
        assert [one.outcome for one in told(core, Received)] == ["not playable"]
        assert server.asked == []

    def test_a_name_that_no_disk_takes_is_told_and_not_tried_again_and_again(self, core, server):
        sent(core, server, b"x" * 10, "🎵" * 100 + ".wav")
        work(Downloads(core, 0), 3)
        assert [one.outcome for one in told(core, Received)] == ["not playable"]

    def test_a_companion_that_is_busy_costs_nothing_of_what_has_come(self, core, server):
        data = os.urandom(300_000)
        digest = sent(core, server, data)
        server.cuts = [100_000]
        work(Downloads(core, 0), 1)
        server.status = 503
        work(Downloads(core, 0), 1)
        assert (core.places.sync / "incoming" / f"{digest}.part").stat().st_size == 100_000

    def test_parts_of_what_nobody_waits_for_any_more_go(self, core, server):
        digest = sent(core, server, os.urandom(300_000))
        server.cuts = [100_000]
        work(Downloads(core, 0), 1)
        part = core.places.sync / "incoming" / f"{digest}.part"
        Downloads(core, 0)._tidy()
        assert part.exists()
        with core.database.writing() as connection:
            connection.execute("DELETE FROM downloads")
        work(Downloads(core, 0), 1)
        assert not part.exists()

    def test_a_box_that_changes_hands_in_the_middle_keeps_nothing_of_it(self, core, server, monkeypatch):
        sent(core, server, b"x" * 1000)
        received = Downloads._receive

        def another_owner(made, *arguments):
            status = received(made, *arguments)
            with core.database.writing() as connection:
                connection.execute("DELETE FROM downloads")
            return status

        monkeypatch.setattr(Downloads, "_receive", another_owner)
        work(Downloads(core, 0), 2)
        assert not list((core.places.home / "music").iterdir())
        assert not list((core.places.sync / "incoming").iterdir())

    def test_a_track_of_the_same_name_takes_another_place(self, core, server):
        mine = core.places.folder("music") / "Low Tide.wav"
        mine.write_bytes(b"mine")
        sent(core, server, b"x" * 10)
        work(Downloads(core, 0), 2)
        assert mine.read_bytes() == b"mine"
        assert (mine.with_name("Low Tide (2).wav")).read_bytes() == b"x" * 10

    def test_a_full_disk_is_told_once_and_it_comes_when_there_is_room(self, core, server):
        sent(core, server, b"x" * 10)
        full = Downloads(core, 2**60)
        work(full, 3)
        assert state(core, "downloads")[0] == "disk full"
        assert [one.outcome for one in told(core, Received)] == ["disk full"]
        work(Downloads(core, 0), 2)
        assert [one.outcome for one in told(core, Received)] == ["disk full", "there"]

    def test_killed_after_it_was_put_there_it_is_found_and_not_fetched_again(self, core, server):
        digest = sent(core, server, b"x" * 10)
        path = core.places.folder("music") / "Low Tide.wav"
        path.write_bytes(b"x" * 10)
        with core.database.writing() as connection:
            connection.execute("UPDATE downloads SET path = ? WHERE hash = ?", (str(path), digest))
        work(Downloads(core, 0), 2)
        assert [one.outcome for one in told(core, Received)] == ["there"]
        assert server.asked == []

    @pytest.mark.parametrize("metered", [False, True])
    def test_what_is_on_the_box_already_is_known_by_its_hash_and_not_fetched(self, core, server, monkeypatch, metered):
        core.metered = metered
        data = os.urandom(50_000)
        mine = core.places.folder("music") / "Techno" / "01 - low tide.WAV"
        mine.parent.mkdir()
        mine.write_bytes(data)
        for name, size in (("same size.wav", 50_000), ("other.wav", 50_001), ("song.txt", 50_000)):
            (mine.parent / name).write_bytes(bytes(size))
        read, digest = [], tracks.digest
        monkeypatch.setattr(tracks, "digest", lambda path: read.append(path.name) or digest(path))
        name = sent(core, server, data)
        work(Downloads(core, 0), 2)
        assert [(one.hash, one.outcome) for one in told(core, Received)] == [(name, "there")]
        assert server.asked == []
        assert set(read) <= {mine.name, "same size.wav"}
        assert [path.name for path in (core.places.home / "music").iterdir()] == ["Techno"]
        assert not (mine.parent / crate.CRATE_FILE).exists()
        assert core.database.connection.execute("SELECT path FROM downloads").fetchone()[0] == str(mine)
        with core.database.writing() as connection:
            connection.execute("UPDATE downloads SET state = 'wanted'")
        read.clear()
        assert Downloads(core, 0)._recognise()
        assert read == [], "a hash is worked out once"

    def test_a_file_that_was_played_elsewhere_is_known_until_it_changes(self, core, server, tmp_path):
        data = os.urandom(5000)
        stick = tmp_path / "stick.wav"
        stick.write_bytes(data)
        with core.database.writing() as connection:
            tracks.note(connection, stick, "Stick", "", 1.0, 0.0, "")
        sent(core, server, data)
        work(Downloads(core, 0), 1)
        assert [one.outcome for one in told(core, Received)] == ["there"]
        stick.write_bytes(os.urandom(5000))
        with core.database.writing() as connection:
            connection.execute("UPDATE downloads SET state = 'wanted', path = ''")
        work(Downloads(core, 0), 2)
        assert (core.places.home / "music" / "Low Tide.wav").read_bytes() == data

    def test_a_track_that_was_deleted_while_it_came_leaves_nothing_behind(self, core, server):
        digest = sent(core, server, os.urandom(300_000))
        server.cuts = [100_000]
        work(Downloads(core, 0), 1)
        server.status = 404
        work(Downloads(core, 0), 3)
        assert [(one.hash, one.outcome) for one in told(core, Received)] == [(digest, "wanted")]
        assert not list((core.places.sync / "incoming").iterdir())
        assert not list((core.places.home / "music").iterdir())

    def test_a_list_that_is_taken_away_while_its_files_come_ends_quietly(self, core, server):
        data = os.urandom(300_000)
        digest = sent(core, server, data)
        row = ListSent("0" * 26, "playlist", "Tonight", "Anna", (digest,))
        made = Effects(core.outbox)
        head = envelope.Head(core.new_id(), "documents", core.new_id(), 1, Stamp(1, 0), "set", "list.sent", 1)
        with core.database.writing() as connection:
            made.apply(connection, envelope.Message(head, row))
        server.cuts = [100_000]
        work(Downloads(core, 0), 1)
        with core.database.writing() as connection:
            made.apply(connection, envelope.Message(replace(head, kind="list.withdrawn"), Withdrawn(row.list)))
        work(Downloads(core, 0), 3)
        assert (core.places.home / "music" / "Low Tide.wav").read_bytes() == data, (
            "its files stay, and so those to come"
        )
        assert told(core, Ready) == [Ready(row.list, 0, 1)]

    def test_beyond_a_bound_a_file_is_answered_with_why_it_is_not_taken(self, core, monkeypatch):
        monkeypatch.setattr(effects, "MOST_WAITING", 2)
        head = envelope.Head(core.new_id(), "files", core.new_id(), 1, Stamp(1, 0), "set", "file.sent", 1)
        made = Effects(core.outbox)
        for digest in ("a", "b", "c", "a"):
            file = FileRef(digest * 64, 10, "a.wav", "audio/wav")
            with core.database.writing() as connection:
                made.apply(connection, envelope.Message(head, Sent(file, "track", "/api/v1/x", TOKEN)))
        assert core.database.connection.execute("SELECT count(*) FROM downloads").fetchone()[0] == 2
        [answer] = told(core, Received)
        assert (answer.hash, answer.outcome) == ("c" * 64, "disk full")
        assert "2 files wait for this box already" in answer.said

    def test_a_token_that_is_out_of_date_makes_it_ask_for_another(self, core, server):
        sent(core, server, b"x" * 10)
        server.status = 403
        work(Downloads(core, 0), 2)
        assert [one.outcome for one in told(core, Received)] == ["wanted"]

    def test_a_list_says_how_far_it_is(self, core, server):
        digest = sent(core, server, b"x" * 10)
        row = ListSent("0" * 26, "playlist", "Tonight", "Anna", (digest, "f" * 64))
        with core.database.writing() as connection:
            connection.execute("INSERT INTO copies VALUES ('list', ?, 1, ?)", (row.list, json.dumps(codec.plain(row))))
        work(Downloads(core, 0), 2)
        assert told(core, Ready) == [Ready(row.list, 1, 1)]
