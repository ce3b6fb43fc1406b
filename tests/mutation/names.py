"""A plugin for pytest under mutmut: gives each test the name under which mutmut 3.7 looks for it.

pytest 9.1 keeps it elsewhere. mutmut 3.8 knows that, but asks for a click that faust excludes.
"""

from typing import Any

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """The test's id, where mutmut reads it."""
    named: Any = item
    named._nodeid = item.nodeid
