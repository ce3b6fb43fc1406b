"""What handlers may ask beside the case."""

from collections.abc import Callable
from dataclasses import dataclass

from services.core.calendar import Residence
from services.core.model import Case, Obligation
from services.core.policy import Policy
from services.intake.ports import Hashes, Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """Adapters as functions: numbers, hashes, addresses, residences."""

    numbers: Numbers
    hashes: Hashes
    #: postal lines → bounded codes of what is wrong with them
    address_errors: Callable[[tuple[str, ...]], tuple[str, ...]]
    residence: Callable[[str], Residence]
    #: the rules' numbers
    policy: Policy


def known(case: Case | None) -> Case:
    """The case of an event about a person."""
    if case is None:
        raise AssertionError("an event about a person came without a case")
    return case


def find(case: Case, obligation_id: str) -> Obligation | None:
    """The obligation, when we know it."""
    return next((row for row in case.obligations if row.obligation_id == obligation_id), None)
