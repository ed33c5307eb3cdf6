"""Applications with other settings, on a test's database."""

from companion import database
from companion.app import create_app
from companion.jobs import service as jobs


def another(settings, **changes):
    """An application like the test's, but for some settings. It takes the place of the one before."""
    database.database.close()
    app = create_app(settings.model_copy(update=changes))
    jobs.open_queue(settings, immediate=True)
    return app
