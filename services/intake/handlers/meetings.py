"""Appointments and convocations: a new date, a cancellation, what became of it (contracts §2, §10.11)."""

from dataclasses import replace

from services.core.events import MeetingAttended, MeetingCancelled, MeetingMissed, MeetingScheduled
from services.core.evidence.contacts import ended
from services.core.evidence.receipts import attempts_of, with_obligation
from services.core.ledger import Ledger
from services.core.model import Case, Obligation
from services.core.outage import told_too_late
from services.core.states import SETTLED, Happened
from services.core.words import Evidence, Kind, ObligationState
from services.intake.handlers.handling import Handling, find, known


def scheduled(handling: Handling, ledger: Ledger, case: Case | None, event: MeetingScheduled) -> Case | None:
    """A first notice or a new date: what was answered to an older revision does not count."""
    case = known(case)
    before = find(case, event.obligation_id)
    if before is not None and event.revision <= before.last_revision:
        return None
    row = Obligation(
        obligation_id=event.obligation_id,
        person_id=event.person_id,
        kind=Kind(event.kind),
        revision=event.revision,
        last_revision=event.revision,
        state=before.state if before else ObligationState.OPEN,
        known_at=ledger.now,
        due_at=event.starts_at,
        place=event.place,
        purpose=event.purpose,
        mandatory=event.mandatory or event.kind is Kind.CONVOCATION,
        legal_value=event.legal_value,
        duration_minutes=event.duration_minutes,
        advisor_id=event.advisor_id,
        replaces=event.replaces,
        version=before.version if before else 0,
        changed_at=ledger.now,
        outage_at=told_too_late(event.at, ledger.now, event.starts_at, handling.policy),
    )
    if before is not None:
        row = ledger.moved(row, Happened.REVISED)
    stored = ledger.obligation(before, row, attempts=attempts_of(case, row))
    rows = tuple(other for other in case.obligations if other.obligation_id != row.obligation_id)
    case = replace(case, obligations=(*rows, stored))
    if event.replaces is not None:
        case = _replaced(ledger, case, event.replaces)
    ledger.wake(event.person_id)
    return case


def cancelled(handling: Handling, ledger: Ledger, case: Case | None, event: MeetingCancelled) -> Case | None:
    """Taken back at the source: whoever was told is told again."""
    return _settle(ledger, known(case), event, Happened.CANCELLED)


def attended(handling: Handling, ledger: Ledger, case: Case | None, event: MeetingAttended) -> Case | None:
    """The person was there: E5."""
    return _settle(ledger, known(case), event, Happened.SATISFIED)


def missed(handling: Handling, ledger: Ledger, case: Case | None, event: MeetingMissed) -> Case | None:
    """The person was not there: the planner attaches the proof of reception (§2.3, SC-48)."""
    return _settle(ledger, known(case), event, Happened.MISSED)


def _settle(ledger: Ledger, case: Case, event: MeetingCancelled | MeetingAttended | MeetingMissed, happened: Happened) -> Case | None:
    before = find(case, event.obligation_id)
    outcome = happened is not Happened.CANCELLED
    if before is None or event.revision < before.last_revision or (event.revision == before.last_revision and not outcome):
        return None
    after = ledger.moved(before, happened)
    if after is before:
        return None
    at = ledger.now if isinstance(event, MeetingCancelled) else event.happened_at
    after = replace(after, last_revision=event.revision, settled_at=at)
    if happened is Happened.CANCELLED:
        after = replace(after, known_at=ledger.now)
    if happened is Happened.SATISFIED:
        after = ledger.proved(after, Evidence.E5, "attended", at)
    if happened is Happened.MISSED:
        after = replace(after, non_receipt=after.evidence < Evidence.E3)
    case = with_obligation(case, ledger.obligation(before, after, attempts=attempts_of(case, before)))
    case = ended(ledger, case, before, after)
    ledger.wake(event.person_id)
    return case


def _replaced(ledger: Ledger, case: Case, obligation_id: str) -> Case:
    """The old meeting is cancelled without a notice of its own (§10.11)."""
    before = find(case, obligation_id)
    if before is None or before.state in SETTLED:
        return case
    after = replace(ledger.moved(before, Happened.CANCELLED), settled_at=ledger.now)
    return with_obligation(case, ledger.obligation(before, after, attempts=attempts_of(case, before)))
