"""Fetching an address that a user named, so that it cannot be turned against what only we can reach.

A name is resolved once, every address it has must be public, and the connection goes to the address that was checked:
a name that answers differently the second time gains nothing. Each redirect is checked like the first address.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpcore
import httpx

PORTS = {"https": 443, "http": 80}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PRIVATE_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_WRAPPING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))  # IPv4 in the last four bytes

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RefusedError(Exception):
    """The address may not be fetched, or what is there does not keep to the limits; a sentence says why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """bytes: of a body. seconds: from begin to end, all redirects together. schemes: that may be used.

    trusted: `host:port` that the person who runs the companion named, whatever its address is.
    """

    bytes: int = 1 << 20
    seconds: float = 10.0
    redirects: int = 3
    schemes: Collection[str] = ("https",)
    trusted: Collection[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. url: where it came from in the end; headers: names in small letters."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, also where an IPv4 address hides in an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and any(address in network for network in _WRAPPING):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve(host: str, port: int) -> list[Address]:
    """All addresses of a name. RefusedError when it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise RefusedError(f"{host} is not known") from exc
    return [ipaddress.ip_address(str(row[4][0]).split("%")[0]) for row in found]


def _checked(url: str, limits: Limits) -> tuple[SplitResult, str, Address]:
    """(parts, host as it is told to the server, address to connect to). RefusedError when it may not be fetched."""
    if any(ord(sign) <= 32 or ord(sign) == 127 for sign in url) or "\\" in url:
        raise RefusedError("the address has characters in it that no address has")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as exc:
        raise RefusedError("that is no address") from exc
    if parts.scheme not in limits.schemes:
        raise RefusedError(f"only {' and '.join(limits.schemes)} addresses are fetched")
    if not host:
        raise RefusedError("that is no address")
    if parts.username is not None or parts.password is not None:
        raise RefusedError("an address with a name and password in it is not fetched")
    usual = PORTS[parts.scheme]
    named = f"{host}:{port or usual}"
    trusted = named in limits.trusted
    if not trusted and port not in (None, usual):
        raise RefusedError(f"only port {usual} is fetched from")
    addresses = resolve(host, port or usual)
    if not addresses or (not trusted and not all(map(is_public, addresses))):
        raise RefusedError(f"{host} is not on the open internet")
    shown = f"[{host}]" if ":" in host else host
    return parts, shown if port in (None, usual) else f"{shown}:{port}", addresses[0]


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    limits: Limits = Limits(),
) -> Fetched:
    """Fetch within the limits. RefusedError says in a sentence what was not allowed or did not work."""
    end = time.monotonic() + limits.seconds
    sent = {"User-Agent": "rackdeck-companion", **(headers or {}), "Accept-Encoding": "identity"}
    for _ in range(limits.redirects + 1):
        answer = _once(url, method, sent, content, limits, end)
        if answer.status not in REDIRECTS or "location" not in answer.headers:
            return answer
        before, url = urlsplit(url), urljoin(url, answer.headers["location"])
        after = urlsplit(url)
        if before.scheme == "https" and after.scheme != "https":
            raise RefusedError("a redirect leads from a protected address to an open one")
        if (before.hostname, before.port, before.scheme) != (after.hostname, after.port, after.scheme):
            sent = {name: value for name, value in sent.items() if name.lower() not in _PRIVATE_HEADERS}
        if answer.status == 303 or (answer.status in (301, 302) and method == "POST"):
            method, content = "GET", None
    raise RefusedError(f"more than {limits.redirects} redirects")


def _left(end: float) -> float:
    """Seconds until a moment. A timeout when it has come."""
    left = end - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait ends at one moment, so that nobody holds us up by a byte now and then."""

    def __init__(self, inner: httpcore.NetworkStream, end: float):
        self._inner, self._end = inner, end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the moment counts
        return self._inner.read(max_bytes, _left(self._end))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._inner.write(buffer, _left(self._end))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(self._end)), self._end)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Network(httpcore.SyncBackend):
    """Makes such connections."""

    def __init__(self, end: float):
        self._end = end

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(host, port, _left(self._end), local_address, socket_options), self._end)


class _Transport(httpx.HTTPTransport):
    """httpx on such a network."""

    def __init__(self, end: float):
        context = httpx.create_ssl_context(trust_env=False)
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_Network(end))


def _once(
    url: str, method: str, headers: Mapping[str, str], content: bytes | None, limits: Limits, end: float
) -> Fetched:
    parts, host, address = _checked(url, limits)
    literal = f"[{address}]" if address.version == 6 else str(address)
    pinned = parts._replace(netloc=f"{literal}:{parts.port or PORTS[parts.scheme]}", fragment="").geturl()
    try:
        with (
            httpx.Client(transport=_Transport(end), trust_env=False, follow_redirects=False) as client,
            client.stream(
                method,
                pinned,
                headers={**headers, "Host": host},
                content=content,
                extensions={"sni_hostname": parts.hostname},
            ) as answer,
        ):
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise RefusedError("the answer is packed, though we asked for it not to be")
            body = bytearray()
            for piece in answer.iter_raw():
                body += piece
                if len(body) > limits.bytes:
                    raise RefusedError(f"the answer is larger than {limits.bytes} bytes")
            return Fetched(url, answer.status_code, dict(answer.headers), bytes(body))
    except httpx.TimeoutException as exc:
        raise RefusedError(f"it took longer than {limits.seconds:.0f} s") from exc
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise RefusedError(f"{parts.hostname} does not answer as it should: {exc}") from exc
