"""A line between boxes and their broker that can be cut and slowed, and counts the bytes that pass."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any

PIECE = 65536


class Line:
    """Takes connections at `port` of this machine and carries them on to another. up, down: bytes so far."""

    def __init__(self, target: int):
        self.target, self.port = target, 0
        self.up = self.down = 0
        self._delay, self._rate, self._whole = 0.0, 0.0, True
        self._carried: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def cut(self) -> None:
        """End all connections; take no more until `mend`."""
        self._whole = False
        self._do(self._end_all())

    def mend(self) -> None:
        """Carry again, as fast as it goes."""
        self._whole, self._delay, self._rate = True, 0.0, 0.0

    def slow(self, delay: float, rate: float) -> None:
        """Let each piece wait `delay` seconds, and pass `rate` bytes a second of each connection."""
        self._delay, self._rate = delay, rate

    def close(self) -> None:
        """End it."""
        self.cut()
        self._server.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end_all(self) -> None:
        gone = list(self._carried)
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carried.add(task)
        ends = [writer]
        try:
            if self._whole:
                back, on = await asyncio.open_connection("127.0.0.1", self.target)
                ends.append(on)
                ways = [asyncio.ensure_future(self._carry(reader, on, True))]
                ways.append(asyncio.ensure_future(self._carry(back, writer, False)))
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._carried.discard(task)
            for end in ends:
                end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                if self._delay or self._rate:
                    await asyncio.sleep(self._delay + (len(piece) / self._rate if self._rate else 0.0))
                if up:
                    self.up += len(piece)
                else:
                    self.down += len(piece)
                writer.write(piece)
                await writer.drain()
