"""The line that the bench cuts and slows."""

import contextlib
import socket
import threading
import time

import pytest

from companion.bench.line import Line


@pytest.fixture
def line():
    """To a server that answers with what it was told."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                end, _ = server.accept()
                threading.Thread(target=echo, args=(end,), daemon=True).start()

    def echo(end):
        with end, contextlib.suppress(OSError):
            while data := end.recv(65536):
                end.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    made = Line(server.getsockname()[1])
    yield made
    made.close()
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def ask(line, text=b"hello"):
    with socket.create_connection(("127.0.0.1", line.port), 5) as end:
        end.sendall(text)
        return end.recv(65536)


def test_it_carries_both_ways_and_counts(line):
    assert ask(line) == b"hello"
    assert ask(line, b"again") == b"again"
    assert (line.up, line.down) == (10, 10)


def test_cut_it_ends_what_is_carried_and_takes_nothing_until_it_is_mended(line):
    with socket.create_connection(("127.0.0.1", line.port), 5) as end:
        end.sendall(b"hello")
        assert end.recv(100) == b"hello"
        line.cut()
        with contextlib.suppress(ConnectionResetError):
            assert end.recv(100) == b""
    got = b""
    with contextlib.suppress(ConnectionError):
        got = ask(line)
    assert got == b""
    line.mend()
    assert ask(line) == b"hello"


def test_slowed_it_takes_its_time(line):
    line.slow(0.05, 1000)
    began = time.monotonic()
    assert ask(line, b"x" * 100) == b"x" * 100
    assert time.monotonic() - began >= 0.3
