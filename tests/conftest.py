"""Which tests are quick, and how they are shared out when two run at once (`pytest -n 2 --dist loadgroup`)."""

import pytest

from tests.small_disk import small  # noqa: F401 - a fixture for all


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items):
    """What runs on both databases runs on SQLite alone in the quick check.

    The tests with a sound server run one after the other, beside the rest; the others stay together by file.
    """
    for item in items:
        if hasattr(item, "callspec") and item.callspec.params.get("settings") == "postgres":
            item.add_marker(pytest.mark.slow)
        live = item.get_closest_marker("live")
        item.add_marker(pytest.mark.xdist_group("sound server" if live else item.path.stem))
