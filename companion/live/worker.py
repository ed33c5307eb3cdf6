"""gunicorn's ASGI worker, for a port that anybody may connect to: who says nothing, or is gone, is let go.

By itself it waits without end for the first request of a connection, and for as long as the kernel tries (a quarter of
an hour) for a page whose machine was switched off.
"""

import resource
import socket
from asyncio import Transport
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol  # type: ignore[import-untyped]
from gunicorn.workers import gasgi  # type: ignore[import-untyped]

from companion.web import parent

HEAD_SECONDS = 10.0  # for all of the first request, of which a handshake has one
GONE_SECONDS = 60.0  # without a sign that what was sent has arrived; a heartbeat is sent every 20 s


class Protocol(ASGIProtocol):  # type: ignore[misc]
    """A connection."""

    def connection_made(self, transport: Transport) -> None:
        """It is there: give it a time to say what it wants, which ends as that of a later request does."""
        super().connection_made(transport)
        line: Any = transport.get_extra_info("socket")
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * GONE_SECONDS))
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, int(GONE_SECONDS / 2))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, int(GONE_SECONDS / 6))
        self._keepalive_handle = self.worker.loop.call_later(HEAD_SECONDS, self._keepalive_timeout)


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    """The worker, with connections of that kind, and as many of them as the system lets it have."""

    def init_process(self) -> None:
        """Begin."""
        parent.end_with_it()
        gasgi.ASGIProtocol = Protocol
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        super().init_process()
