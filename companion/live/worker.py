"""gunicorn's ASGI worker, for a port that anybody may connect to: who says nothing, or is gone, is let go.

By itself it waits without end for the first request of a connection, and for as long as the kernel tries (a quarter of
an hour) for a page whose machine was switched off. It keeps many messages that nobody has asked for yet, answers as
many pings as come, and takes 120 ms of the event loop to read a message of 1 MiB.
"""

import asyncio
import resource
import socket
import sys
from asyncio import Transport
from typing import Any

from gunicorn.asgi import websocket  # type: ignore[import-untyped]
from gunicorn.asgi.protocol import ASGIProtocol  # type: ignore[import-untyped]
from gunicorn.workers import gasgi  # type: ignore[import-untyped]

from companion.web import parent

HEAD_SECONDS = 10.0  # for all of the first request, of which a handshake has one
GONE_SECONDS = 60.0  # without a sign that what was sent has arrived; a heartbeat is sent every 20 s
WAITING = 2  # messages of a line that nobody has asked for yet
FRAME_SECONDS = 0.01  # between two frames that are no whole messages
SWITCH_SECONDS = 0.001  # for which a thread that merges keeps the event loop waiting, if it can


class Line(websocket.WebSocketProtocol):  # type: ignore[misc]
    """A WebSocket."""

    def _unmask(self, payload: bytes, masking_key: bytes) -> bytes:
        """All bytes at one go."""
        size = len(payload)
        mask = (masking_key * (size // 4 + 1))[:size]
        return (int.from_bytes(payload, "little") ^ int.from_bytes(mask, "little")).to_bytes(size, "little")

    async def _read_frame(self) -> tuple[int, bytes] | None:
        """The next frame. Parts of messages and pings are nobody's to count, so they come slowly."""
        found: tuple[int, bytes] | None = await super()._read_frame()
        if found is not None and found[0] not in (websocket.OPCODE_TEXT, websocket.OPCODE_BINARY):
            await asyncio.sleep(FRAME_SECONDS)
            if found[0] == websocket.OPCODE_PING and self._drain is not None:
                await self._drain()
        return found


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
        websocket.WebSocketProtocol = Line
        websocket.RECEIVE_QUEUE_HIGH_WATER = WAITING
        sys.setswitchinterval(SWITCH_SECONDS)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        super().init_process()

    def handle_exit_signal(self) -> None:
        """Let nobody in any more and say goodbye to who is there, instead of waiting for pages that stay for hours."""
        super().handle_exit_signal()
        for server in self.servers:
            server.close()
        self.asgi.part()
