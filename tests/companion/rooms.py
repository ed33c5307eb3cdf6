"""The live process for tests, as it is run."""

import os
import signal
import subprocess
import sys

from tests.companion.servers import free_port, wait_for_port


class Live:
    """The live process, as it is run."""

    def __init__(self, settings):
        self.port = free_port()
        self._environment = {"PATH": os.environ["PATH"], "COMPANION_FOLDER": str(settings.folder)}
        if settings.database_url:
            self._environment["DATABASE_URL"] = settings.database_url
        self.start()

    def start(self):
        words = ["gunicorn", "-k", "companion.live.worker.Worker", "-w", "1", "--bind", f"127.0.0.1:{self.port}"]
        words += ["--no-control-socket", "--log-level", "warning", "--asgi-lifespan", "on", "--graceful-timeout", "5"]
        words += ["--websocket-max-message-size", str(2 << 20), "companion.live.server:make()"]
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", *words],
            env=self._environment,
            process_group=0,
        )
        wait_for_port(self.port, self._child)

    def kill(self):
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def stop(self):
        self._child.terminate()
        assert self._child.wait(20) == 0
