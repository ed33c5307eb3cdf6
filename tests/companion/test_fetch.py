"""Fetching what a user named: what is inside stays out of reach."""

import ipaddress
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from companion.web import fetch
from companion.web.fetch import Limits, RefusedError

pytestmark = pytest.mark.slow


class Hostile(BaseHTTPRequestHandler):
    """Answers by path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        name = f"do_{self.path.strip('/').split('?')[0]}"
        getattr(self, name, self.do_plain)()

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for field, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(field.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def do_plain(self):
        self.reply(200, b"music")

    def do_large(self):
        self.reply(200, b"x" * 5000)

    def do_endless(self):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 1000)
        except OSError:
            pass

    def do_slow(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            for _ in range(1000):
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    def do_slow_head(self):
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            for _ in range(60):
                self.wfile.write(b"x")
                time.sleep(0.05)
            self.wfile.write(b"\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass

    def do_packed(self):
        self.reply(200, b"bomb", Content_Encoding="gzip")

    def do_inside(self):
        self.reply(302, Location="http://169.254.169.254/latest/meta-data/")

    def do_file(self):
        self.reply(302, Location="file:///etc/passwd")

    def do_round(self):
        self.reply(302, Location="/round")

    def do_away(self):
        self.reply(302, Location=f"http://localhost:{self.server.server_address[1]}/plain")

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    made.seen = []
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def limits(server):
    port = server.server_address[1]
    trusted = {f"127.0.0.1:{port}", f"localhost:{port}", f"music.example:{port}"}
    return Limits(bytes=4096, seconds=5, schemes=("https", "http"), trusted=trusted)


@pytest.fixture
def url(server):
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_what_may_be_fetched_is_fetched(url, limits):
    found = fetch.fetch(f"{url}/plain", limits=limits)
    assert (found.status, found.body) == (200, b"music")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:db8::1",
    ],
)
def test_an_address_that_is_not_on_the_open_internet_is_none(address):
    assert not fetch.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"])
def test_an_address_on_the_open_internet_is_one(address):
    assert fetch.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0/",
        "http://1.1.1.1/",
        "ftp://1.1.1.1/",
        "file:///etc/passwd",
        "gopher://1.1.1.1/",
        "https://user:secret@1.1.1.1/",
        "https://1.1.1.1@127.0.0.1/",
        "https://1.1.1.1:22/",
        "https://1.1.1.1:99999/",
        "https://1.1.1.1\\@127.0.0.1/",
        "https://1.1.1.1/\r\nHost: inside",
        "https://",
        "https:///path",
        "//1.1.1.1/",
        "",
        "https://[/",
    ],
)
def test_what_leads_inside_or_nowhere_is_refused(url):
    with pytest.raises(RefusedError):
        fetch.fetch(url)


def test_a_name_with_one_inner_address_among_its_addresses_is_refused(monkeypatch):
    both = [ipaddress.ip_address("1.1.1.1"), ipaddress.ip_address("10.0.0.1")]
    monkeypatch.setattr(fetch, "resolve", lambda *_: both)
    with pytest.raises(RefusedError, match="open internet"):
        fetch.fetch("https://two-faced.example/")


def test_a_name_is_asked_once_and_the_address_that_was_checked_is_used(server, limits, monkeypatch):
    asked = []

    def changing(host, port):
        asked.append(host)
        return [ipaddress.ip_address("127.0.0.1" if len(asked) == 1 else "127.0.0.9")]

    monkeypatch.setattr(fetch, "resolve", changing)
    port = server.server_address[1]
    server.seen.clear()
    assert fetch.fetch(f"http://music.example:{port}/plain?a=1#part", limits=limits).body == b"music"
    path, headers = server.seen[0]
    assert (path, headers["Host"]) == ("/plain?a=1", f"music.example:{port}")
    assert asked == ["music.example"]


@pytest.mark.parametrize("path", ["inside", "file"])
def test_a_redirect_inside_is_refused(url, limits, path):
    with pytest.raises(RefusedError):
        fetch.fetch(f"{url}/{path}", limits=limits)


def test_redirects_end(url, limits):
    with pytest.raises(RefusedError, match="redirects"):
        fetch.fetch(f"{url}/round", limits=limits)


def test_a_redirect_elsewhere_takes_no_secret_along(server, url, limits):
    server.seen.clear()
    found = fetch.fetch(f"{url}/away", headers={"Authorization": "Bearer s"}, limits=limits)
    assert found.body == b"music"
    assert [("Authorization" in headers) for _, headers in server.seen] == [True, False]


@pytest.mark.parametrize("path", ["large", "endless"])
def test_what_is_too_large_is_not_read_to_its_end(url, limits, path):
    with pytest.raises(RefusedError, match="larger"):
        fetch.fetch(f"{url}/{path}", limits=limits)


@pytest.mark.parametrize("path", ["slow", "slow_head"])
def test_what_drips_is_cut_off(url, limits, path):
    hasty = Limits(bytes=4096, seconds=0.3, schemes=("http",), trusted=limits.trusted)
    with pytest.raises(RefusedError, match="longer"):
        fetch.fetch(f"{url}/{path}", limits=hasty)


def test_an_answer_that_would_unpack_to_more_is_refused(url, limits):
    with pytest.raises(RefusedError, match="packed"):
        fetch.fetch(f"{url}/packed", limits=limits)


def test_a_proxy_of_the_environment_is_not_used(url, limits, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert fetch.fetch(f"{url}/plain", limits=limits).body == b"music"
