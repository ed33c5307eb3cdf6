"""The web process: what the WSGI server calls to make the application."""

from flask import Flask

from companion import config, observe
from companion.app import create_app
from companion.jobs import service as jobs
from companion.web import parent
from companion.web.silent import Silence


def make() -> Flask:
    """The application, by the settings of the environment."""
    parent.end_with_it()
    settings = config.load()
    observe.install(settings)
    app = create_app(settings)
    jobs.open_queue(settings)
    Silence(settings.port).start()
    return app
