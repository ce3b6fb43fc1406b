"""The two transition tables, every pair; and the page that is printed from them."""

from itertools import product
from pathlib import Path

import pytest

from services.core.explaining.states_page import states_page
from services.core.states import LIVE, SETTLED, Happened, Moved, attempt_after, obligation_after
from services.core.words import AttemptState, ObligationState

_PAGE = Path(__file__).parents[3] / "docs" / "states.md"

#: what each state becomes, in the order of ``Happened``; a dot changes nothing
_OBLIGATIONS = """
              confirmed     declined  handled  satisfied  cancelled  revised  missed  expired  not_required
open          acknowledged  declined  handled  done       cancelled  open     missed  lapsed   not_required
acknowledged  acknowledged  declined  handled  done       cancelled  open     missed  lapsed   not_required
declined      acknowledged  declined  handled  done       cancelled  open     missed  lapsed   .
handled       acknowledged  declined  handled  done       cancelled  open     missed  lapsed   .
done          .             .         .        .          .          .        .       .        .
cancelled     .             .         .        .          .          open     .       .        .
missed        .             .         .        done       .          open     .       .        .
lapsed        .             .         .        done       cancelled  open     missed  .        .
not_required  .             .         .        .          .          open     .       .        .
"""

_ATTEMPTS = """
            claimed     accepted  postponed  delivered  failed  unknown  skipped  cancelled  absent    returned
released    submitting  .         .          .          .       .        skipped  cancelled  .         .
submitting  .           accepted  released   delivered  failed  unknown  .        .          released  .
accepted    .           .         .          delivered  failed  unknown  .        .          .         failed
delivered   .           .         .          .          .       .        .        .          .         failed
failed      .           .         .          delivered  failed  .        .        .          .         failed
unknown     .           accepted  .          delivered  failed  .        .        .          .         failed
skipped     .           .         .          .          .       .        .        .          .         .
cancelled   .           .         .          .          .       .        .        .          .         .
"""


def _read(table: str) -> dict[tuple[str, str], str | None]:
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return {(row[0], event): None if after == "." else after for row in rows for event, after in zip(head, row[1:], strict=True)}


@pytest.mark.parametrize(("state", "happened"), list(product(ObligationState, Happened)))
def test_every_pair_of_the_obligations_table(state: ObligationState, happened: Happened) -> None:
    """What an obligation becomes is exactly what the table says, for every pair."""
    assert obligation_after(state, happened) == _read(_OBLIGATIONS)[state, happened]


@pytest.mark.parametrize(("state", "moved"), list(product(AttemptState, Moved)))
def test_every_pair_of_the_attempts_table(state: AttemptState, moved: Moved) -> None:
    """What a message becomes is exactly what the table says, for every pair."""
    assert attempt_after(state, moved) == _read(_ATTEMPTS)[state, moved]


def test_done_is_final() -> None:
    """A completion is never taken back: a later opening of the same period is stale (contracts)."""
    assert not any(obligation_after(ObligationState.DONE, happened) for happened in Happened)


def test_every_state_is_settled_or_living() -> None:
    """Nothing is owed any more in the settled states, and in no other."""
    assert set(ObligationState) - SETTLED == {
        ObligationState.OPEN,
        ObligationState.ACKNOWLEDGED,
        ObligationState.DECLINED,
        ObligationState.HANDLED,
    }


def test_only_what_never_went_out_is_not_live() -> None:
    """Skipped and cancelled messages never count; failed ones do, since somebody's telephone may have rung."""
    assert set(AttemptState) - LIVE == {AttemptState.SKIPPED, AttemptState.CANCELLED}


def test_the_page_is_the_table() -> None:
    """docs/states.md is what the tables print; `make docs` rewrites it."""
    assert _PAGE.read_text(encoding="utf-8") == states_page()
