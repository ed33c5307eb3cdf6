"""The web process: what the WSGI server calls to make the application."""

import ctypes
import signal

from flask import Flask

from companion import config, observe
from companion.app import create_app
from companion.jobs import service as jobs

_PR_SET_PDEATHSIG = 1


def make() -> Flask:
    """The application, by the settings of the environment.

    The worker that runs it ends with the process that started it: left alone it would go on answering on the port, and
    nobody would know of it.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    settings = config.load()
    observe.install(settings)
    app = create_app(settings)
    jobs.open_queue(settings)
    return app
