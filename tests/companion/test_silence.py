"""Connections on which nothing moves: to the page's server, and to that of live events."""

import asyncio
import socket
from types import SimpleNamespace

import pytest

from companion.live import worker
from companion.web.silent import Silence


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as line:
        yield line


def pair(listener):
    """(the client's end, the server's end) of a connection."""
    theirs = socket.create_connection(listener.getsockname())
    theirs.settimeout(10)
    return theirs, listener.accept()[0]


def test_a_connection_on_which_nothing_moves_is_closed_and_no_other(listener):
    watch = Silence(listener.getsockname()[1], 0.3)
    (silent, one), (busy, other) = pair(listener), pair(listener)
    with silent, one, busy, other:
        assert watch.look() == 0, "not yet"
        one.setblocking(False)
        with pytest.raises(BlockingIOError):
            one.recv(1)
        watch._over.wait(0.4)
        busy.sendall(b"x")
        assert other.recv(1) == b"x"
        assert watch.look() == 1
        assert silent.recv(1) == b""
        assert one.recv(1) == b"", "who reads from it goes on"
        other.sendall(b"y")
        assert busy.recv(1) == b"y"


def test_connections_of_other_ports_are_left_alone(listener):
    theirs, ours = pair(listener)
    with theirs, ours:
        assert Silence(listener.getsockname()[1] + 1, 0.0).look() == 0


def test_whoever_connects_for_live_events_has_a_time_to_ask(monkeypatch):
    """Of gunicorn's own connection only the wait for a first request is looked at here."""
    monkeypatch.setattr(worker, "HEAD_SECONDS", 0.1)

    async def play():
        loop, answers = asyncio.get_running_loop(), []
        settings = {
            "keepalive": 2,
            "protocol": "http",
            "proxy_protocol": "off",
            "is_ssl": False,
            "http_protocols": "h1",
        }
        house = SimpleNamespace(loop=loop, nr_conns=0, alive=True, asgi=None, log=None, cfg=_Settings(settings))
        server = await loop.create_server(lambda: _made(house, answers), "127.0.0.1", 0)
        for sent in (b"", b"GET /ws/events HTTP/1.1\r\nHost: x\r\n"):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            writer.write(sent)
            assert await asyncio.wait_for(reader.read(1), 10) == b""
            writer.close()
        server.close()
        return answers

    for line in asyncio.run(play()):
        assert line == (60_000, 1, 30)


class _Settings(SimpleNamespace):
    """gunicorn's settings, each at what it is by default."""

    def __init__(self, changed):
        from gunicorn.config import Config

        super().__init__(**{name: setting.get() for name, setting in Config().settings.items()} | changed)


def _made(house, answers):
    class Seen(worker.Protocol):
        def connection_made(self, transport):
            super().connection_made(transport)
            line = transport.get_extra_info("socket")
            answers.append(
                (
                    line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
                    line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                    line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                )
            )

    return Seen(house)
