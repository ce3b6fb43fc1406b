"""Fixtures that every test may ask for, and who runs which test when several processes share a run."""

import pytest

pytest_plugins = ["tests.fixtures.kafka", "tests.fixtures.logs", "tests.fixtures.postgres"]
#: tests that share servers or a browser: the tests of such a file belong to one process
_SHARED = ("stack", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file that starts servers together; all others go wherever a process is free."""
    for item in items:
        if any(item.get_closest_marker(name) for name in _SHARED):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
