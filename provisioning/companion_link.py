"""How a box speaks to a companion while it is claimed: JSON by HTTPS, over a connection whose other end is known."""

import hashlib
import hmac
import http.client
import json
import re
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

from device.errors import InputError, MachineError
from device.sync.access import is_here

TIMEOUT_SECONDS = 10.0
LONGEST_ANSWER = 256 * 1024
_CREDIBLE = 1_793_491_200  # 1 November 2026: an earlier clock is wrong


class RefusedError(MachineError):
    """The companion answered, and not what was asked for. status: of HTTP."""

    def __init__(self, sentence: str, status: int):
        super().__init__(sentence)
        self.status = status


class CompanionLink:
    """A companion at an address. pin: SHA-256 of its certificate in hexadecimal, for one that no authority vouches for.

    InputError for an address that is none, or where others could listen in.
    """

    def __init__(self, address: str, pin: str = ""):
        found = urlsplit(address if "://" in address else f"https://{address}")
        try:
            self._port = found.port
        except ValueError as exc:
            raise InputError(f"{address}: the port must be a number up to 65535") from exc
        self._host, self._scheme = found.hostname or "", found.scheme
        if not self._host or self._scheme not in ("http", "https") or found.path.strip("/") or found.query:
            raise InputError(f"a companion's address is like https://music.example.org, not {address}")
        if self._scheme == "http" and not is_here(self._host):
            raise InputError(
                f"{address} is not encrypted, so anybody on the way could take the box; use https://, "
                "with --pin if its certificate is its own"
            )
        self._pin = re.sub(r"[:\s]", "", pin).lower().removeprefix("sha256")
        if self._pin and not re.fullmatch("[0-9a-f]{64}", self._pin):
            raise InputError("--pin takes the SHA-256 of the companion's certificate: 64 hexadecimal digits")
        self.address = f"{self._scheme}://{found.netloc.rpartition('@')[2]}"
        self.pin = self._pin

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send to /api/v1/boxes/enrolment/<path>. RefusedError: what it said; MachineError: that none answered."""
        line = self._connection()
        text = None if body is None else json.dumps(body)
        try:
            line.connect()
            self._check_pin(line)
            headers = {"Content-Type": "application/json"} if text else {}
            line.request("POST", f"/api/v1/boxes/enrolment/{path}", text, headers)
            answer = line.getresponse()
            data = answer.read(LONGEST_ANSWER + 1)
        except ssl.SSLCertVerificationError as exc:
            raise MachineError(self._distrusted(exc)) from exc
        except ssl.SSLError as exc:
            raise MachineError(
                f"what answers at {self.address} speaks no HTTPS; the companion on this machine is at http://, one "
                "elsewhere needs a proxy with a certificate before it"
            ) from exc
        except (OSError, http.client.HTTPException) as exc:
            reason = (getattr(exc, "strerror", "") or str(exc) or type(exc).__name__).lower()
            raise MachineError(f"the companion at {self.address} does not answer ({reason})") from exc
        finally:
            line.close()
        return self._answer(answer.status, data)

    def host_of(self, named: str) -> str:
        """A host that the companion named, as it is called from here: its `localhost` is its machine."""
        return self._host if is_here(named) else named

    def nonce(self) -> str:
        """A number to sign."""
        found = self.post("nonce").get("nonce")
        if not isinstance(found, str):
            raise MachineError(f"what answers at {self.address} is no companion")
        return found

    def _connection(self) -> http.client.HTTPConnection:
        if self._scheme == "http":
            return http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._pin:  # the certificate itself is known: nothing else about it matters, not even its dates
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(self._host, self._port, timeout=TIMEOUT_SECONDS, context=context)

    def _check_pin(self, line: http.client.HTTPConnection) -> None:
        """Before anything is sent."""
        if not self._pin or self._scheme == "http":
            return
        assert isinstance(line.sock, ssl.SSLSocket)
        shown = hashlib.sha256(line.sock.getpeercert(True) or b"").hexdigest()
        if not hmac.compare_digest(shown, self._pin):
            raise MachineError(
                f"{self.address} shows another certificate than --pin says (its SHA-256 is {shown}); "
                "compare it with the companion's own"
            )

    def _distrusted(self, error: ssl.SSLCertVerificationError) -> str:
        now = time.time()
        if now < _CREDIBLE:
            date = time.strftime("%d.%m.%Y", time.gmtime(now))
            return (
                f"this box's clock says {date}, so it cannot check {self.address}; connect it to a network that tells "
                "the time, or set the clock"
            )
        why = (error.verify_message or str(error)).lower()
        return (
            f"{self.address} is not trusted ({why}); if its certificate is its own, give its SHA-256 with --pin "
            "(`rackdeck box claim --help` says how to see it)"
        )

    def _answer(self, status: int, data: bytes) -> dict[str, Any]:
        if status == http.HTTPStatus.NO_CONTENT:
            return {}
        try:
            found = json.loads(data) if len(data) <= LONGEST_ANSWER else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise MachineError(f"what answers at {self.address} is no companion")
        if status >= 400:
            said = str(found.get("detail") or found.get("title") or f"status {status}")
            raise RefusedError(f"the companion says: {said[:300]}", status)
        return found
