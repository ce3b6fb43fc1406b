"""The monthly actualisation opens, and is done (contracts §2): completed is final."""

from dataclasses import replace

from services.core.events import ActualisationCompleted, ActualisationOpened
from services.core.evidence.contacts import ended
from services.core.evidence.receipts import attempts_of, with_obligation
from services.core.ledger import Ledger
from services.core.model import Case, Obligation
from services.core.period import period
from services.core.states import Happened
from services.core.words import Evidence, Kind, ObligationState
from services.intake.handlers.handling import Handling, find, known

#: where the person lives is not known yet: the official clock
_OFFICIAL = "Europe/Paris"


def opened(handling: Handling, ledger: Ledger, case: Case | None, event: ActualisationOpened) -> Case | None:
    """The duty of a month; whether it exists follows from ``required`` alone, never from a category (§2.1)."""
    case = known(case)
    before = find(case, event.obligation_id)
    if before is not None:
        return _said_anew(ledger, case, before, event)
    row = _row(handling, ledger, case, event)
    if not event.required:
        row = ledger.moved(row, Happened.NOT_REQUIRED)
    case = replace(case, obligations=(*case.obligations, ledger.obligation(None, row)))
    ledger.wake(event.person_id, campaign=True)
    return case


def _said_anew(ledger: Ledger, case: Case, before: Obligation, event: ActualisationOpened) -> Case | None:
    """The source corrects itself: the duty is one after all, or is none; anything else is known already (§2.1)."""
    if event.required and before.state is ObligationState.NOT_REQUIRED:
        after = replace(ledger.moved(before, Happened.REVISED), known_at=ledger.now)
    elif not event.required:
        after = ledger.moved(before, Happened.NOT_REQUIRED)
    else:
        return None
    if after.state is before.state:
        return None
    case = with_obligation(case, ledger.obligation(before, after, attempts=attempts_of(case, before)))
    ledger.wake(event.person_id)
    return case


def completed(handling: Handling, ledger: Ledger, case: Case | None, event: ActualisationCompleted) -> Case | None:
    """Everything stops for this period at once (§10.5)."""
    case = known(case)
    before = find(case, event.obligation_id)
    row = before or _row(handling, ledger, case, event)
    after = ledger.moved(row, Happened.SATISFIED)
    if after is row:
        return None
    after = ledger.proved(replace(after, settled_at=event.happened_at), Evidence.E5, event.by, event.happened_at)
    stored = ledger.obligation(before, after, attempts=attempts_of(case, after))
    case = with_obligation(case, stored) if before else replace(case, obligations=(*case.obligations, stored))
    case = ended(ledger, case, row, stored)
    ledger.wake(event.person_id)
    return case


def _row(handling: Handling, ledger: Ledger, case: Case, event: ActualisationOpened | ActualisationCompleted) -> Obligation:
    span = period(event.period)
    zone = handling.residence(case.person.postal_code).zone if case.person else _OFFICIAL
    return Obligation(
        obligation_id=event.obligation_id,
        person_id=event.person_id,
        kind=Kind.ACTUALISATION,
        revision=1,
        last_revision=1,
        state=ObligationState.OPEN,
        known_at=ledger.now,
        opens_at=span.opens_at,
        due_at=span.closes_for(zone),
        period=event.period,
        mandatory=True,
        changed_at=ledger.now,
    )
