"""Mail by a server: handed over by TLS, and a password never without it."""

import socketserver
import threading

import pytest

from companion.database import connection
from companion.jobs.models import Job
from companion.mail import service as mail
from tests.companion.applications import another


class Session(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs; whatever it says is kept."""

    def _say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self):
        self._say("220 ready")
        for raw in self.rfile:
            line = raw.decode().strip()
            self.server.heard.append(line)
            word = line.partition(" ")[0].upper()
            if word == "EHLO":
                for offer in ("here", *self.server.offers):
                    self._say(f"250-{offer}")
                self._say("250 8BITMIME")
            elif word == "STARTTLS":
                return  # we have no certificate: the client must not go on in the clear
            elif word == "DATA":
                self._say("354 go on")
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    self.server.heard.append(part.decode().strip())
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("235 welcome" if word == "AUTH" else "250 fine")


@pytest.fixture
def server():
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        heard, offers = [], []

    Server.heard, Server.offers = [], []
    with Server(("127.0.0.1", 0), Session) as found:
        threading.Thread(target=found.serve_forever, args=(0.01,)).start()
        yield found
        found.shutdown()


def send(settings, address):
    """Mail something by a server; returns the job's end."""
    another(settings, mail_url=address)
    with connection():
        mail.send("mira@example.org", "export", name="Mira", link="http://x/account/data")
        return Job.get(Job.kind == "mail")


def test_a_mail_is_handed_over_with_its_name_and_password(settings, server):
    server.offers.append("AUTH PLAIN")
    job = send(settings, f"smtp://mira:p%40ss@127.0.0.1:{server.server_address[1]}")
    assert (job.state, job.note) == ("done", "")
    assert "Subject: Your Rackdeck data is ready" in server.heard
    assert [line for line in server.heard if line.startswith("AUTH PLAIN")]


def test_a_server_that_offers_tls_hears_nothing_before_it(settings, server):
    server.offers += ["STARTTLS", "AUTH PLAIN"]
    job = send(settings, f"smtp://mira:secret@127.0.0.1:{server.server_address[1]}")
    assert job.state != "done"
    assert "STARTTLS" in server.heard
    assert not [line for line in server.heard if line.lower().startswith(("auth", "mail", "subject"))]


def test_a_server_elsewhere_without_tls_gets_no_password(settings, server, monkeypatch):
    monkeypatch.setattr(mail, "_HERE", frozenset())
    server.offers.append("AUTH PLAIN")
    job = send(settings, f"smtp://mira:secret@127.0.0.1:{server.server_address[1]}")
    assert job.state != "done"
    assert "offers no TLS" in job.note
    assert not [line for line in server.heard if line.lower().startswith(("auth", "mail"))]


def test_a_mail_goes_without_a_password_where_none_is_set(settings, server):
    assert send(settings, f"smtp://127.0.0.1:{server.server_address[1]}").state == "done"
    assert "rcpt TO:<mira@example.org>" in server.heard
