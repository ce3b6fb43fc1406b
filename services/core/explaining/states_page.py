"""The two transition tables as the page ``docs/states.md``: rows are states, columns are what happens, a dash changes nothing."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from services.core.states import ATTEMPT, LIVE, OBLIGATION, SETTLED, Happened, Moved
from services.core.words import AttemptState, ObligationState

#: what a fact that changes nothing looks like in a cell
_NOTHING = "\N{EN DASH}"

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)

_INTRODUCTION = """\
# States

Printed from `services/core/states.py` by `make docs`; a test compares.

There are three axes and never one status: what is owed (the obligation), what became of one message (the attempt), and what is
proved about reception (the evidence, E0 to E5, which only rises; the one exception is a letter that comes back).
A row is a state, a column is what happens, the cell is the state afterwards. A dash changes nothing: a stale, repeated or late
fact is stored with its effect and moves no state.
"""


def states_page() -> str:
    """The whole page as Markdown."""
    return "\n".join(
        (
            _INTRODUCTION,
            "## What is owed",
            "",
            _table(ObligationState, Happened, OBLIGATION),
            "",
            f"Settled, so that nothing more is owed: {_names(SETTLED)}. A source may still correct a settled duty, as the table says.",
            "",
            "## What becomes of a message",
            "",
            _table(AttemptState, Moved, ATTEMPT),
            "",
            f"Live, so that the message may have reached somebody and counts in the caps: {_names(LIVE)}.",
            "",
        ),
    )


def _table(states: type[S], events: type[E], table: Mapping[tuple[S, E], S]) -> str:
    rows = [["", *(f"`{event}`" for event in events)]]
    rows += [[f"`{state}`", *(_cell(table.get((state, event))) for event in events)] for state in states]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join((lines[0], "|---" * len(rows[0]) + "|", *lines[1:]))


def _cell(after: StrEnum | None) -> str:
    return f"`{after}`" if after is not None else _NOTHING


def _names(states: frozenset[ObligationState] | frozenset[AttemptState]) -> str:
    return ", ".join(f"`{state}`" for state in sorted(states))
