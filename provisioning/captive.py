"""The page that sets up a box's Wi-Fi: served in the box's own Wi-Fi, to whatever joins it, until one works."""

import html
import http.server
import logging
import secrets
import threading
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from device.contracts.proofs import ALPHABET
from device.errors import InputError, MachineError, RackdeckError
from provisioning import network
from provisioning.network import Network, Wifi

log = logging.getLogger(__name__)
LONGEST_FORM = 4096
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
_STYLE = (
    "body{font:18px/1.5 sans-serif;max-width:28em;margin:2em auto;padding:0 1em;background:#111;color:#eee}"
    "label{display:block;margin:1em 0}input,select,button{font:inherit;width:100%;padding:.5em;box-sizing:border-box}"
    "p.wrong{color:#ff9a8a}"
)
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{style}</style><h1>{title}</h1>{said}{body}</html>"""
_FORM = """<form method="post" action="/">
<label>Wi-Fi <input name="wifi" list="found" required maxlength="32" value="{chosen}"></label>
<datalist id="found">{found}</datalist>
<label>Password <input name="password" type="password" maxlength="64" autocomplete="off"></label>
<label>Time zone <input name="zone" list="zones" value="{zone}"></label><datalist id="zones">{zones}</datalist>
<button>Connect</button></form>"""


def setup_password() -> str:
    """Eight characters for the box's own Wi-Fi, shown on its screen: who stands before it may set it up."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


class Setup:
    """Setting up, from `open` to the first Wi-Fi that works. said: what went wrong last, for page and screen."""

    def __init__(self, net: Network, name: str, password: str):
        self._net, self.name, self.password = net, name, password
        self.said = ""
        self.found: list[Wifi] = []
        self.chosen, self.zone = "", ""
        self.joined = threading.Event()
        self._asked: tuple[str, str, str] | None = None
        self._wake = threading.Event()

    def open(self) -> None:
        """Look round, then be a Wi-Fi: most radios cannot do both. MachineError without a radio."""
        try:
            self.found = self._net.reachable()
        except MachineError as exc:
            log.warning("%s", exc)  # a name can be typed
        self._net.open_setup(self.name, self.password)

    def close(self) -> None:
        """Be no Wi-Fi any more."""
        self._net.close_setup()

    def ask(self, wifi: str, password: str, zone: str) -> None:
        """What somebody sent by the page; `attempt` does it, after the answer is out."""
        self._asked = wifi, password, zone
        self.chosen, self.zone = wifi, zone
        self._wake.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Until somebody has sent something."""
        return self._wake.wait(seconds)

    def attempt(self) -> bool:
        """Try what was sent. Whether the box is connected; if not, its own Wi-Fi is there again and `said` says why."""
        assert self._asked is not None
        wifi, password, zone = self._asked
        self._wake.clear()
        try:
            if zone:
                network.set_time_zone(zone)
        except RackdeckError as exc:
            self.said = str(exc)
            return False
        self._net.close_setup()
        try:
            self._net.join(wifi, password)
        except (InputError, MachineError) as exc:
            self.said = str(exc)
            self.open()
            return False
        self.said = ""
        self.joined.set()
        return True


def run(setup: Setup, port: int = 80) -> None:
    """Until the box is connected. MachineError when there is no radio, or the page's port is taken."""
    setup.open()
    try:
        server = http.server.ThreadingHTTPServer(("", port), handler(setup))
    except OSError as exc:
        setup.close()
        reason = (exc.strerror or str(exc)).lower()
        raise MachineError(f"the set-up page cannot listen on port {port} ({reason})") from exc
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        while not setup.joined.is_set():
            if setup.wait(1.0):
                setup.attempt()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        if not setup.joined.is_set():
            setup.close()


def handler(setup: Setup) -> type[http.server.BaseHTTPRequestHandler]:
    """Answers GET / with the form, any other page with the way there (so that phones show it by themselves)."""

    class Page(http.server.BaseHTTPRequestHandler):
        timeout = 15
        server_version, sys_version = "Rackdeck", ""

        def do_GET(self) -> None:
            """The form, or the way to it."""
            if self.path.partition("?")[0] != "/":
                self.send_response(HTTPStatus.FOUND)
                self.send_header("Location", "/")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._page(_form(setup))

        def do_POST(self) -> None:
            """What was filled in."""
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LONGEST_FORM:
                self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            sent = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"), max_num_fields=10)
            wifi, password, zone = (sent.get(name, [""])[0] for name in ("wifi", "password", "zone"))
            setup.ask(wifi, password, zone)
            self._page(
                f"<p>The box now tries {html.escape(wifi)}, and this Wi-Fi goes away. If it comes back within a "
                "minute, join it again: the page then says what was wrong.</p>"
            )

        def _page(self, body: str) -> None:
            said = f'<p class="wrong">{html.escape(setup.said)}</p>' if setup.said else ""
            text = _PAGE.format(title=html.escape(setup.name), style=_STYLE, said=said, body=body).encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Security-Policy", _POLICY)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, form: str, *values: Any) -> None:
            """Never what was sent."""
            log.debug("set-up page: %s", form % values)

    return Page


def _form(setup: Setup) -> str:
    found = "".join(f'<option value="{html.escape(wifi.name)}">' for wifi in setup.found)
    zones = "".join(f'<option value="{html.escape(name)}">' for name in network.time_zones())
    return _FORM.format(found=found, zones=zones, chosen=html.escape(setup.chosen), zone=html.escape(setup.zone))
