"""A decision becomes rows, messages and journal lines."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b

from services.core.changes import NextInstant, Wake
from services.core.decision import AlertClosed, AlertWanted, Decision, Dossier, Outage, Outlook, Timeout
from services.core.environment import Environment
from services.core.evidence.contacts import PointsDue, ended, with_point
from services.core.evidence.receipts import attempts_of
from services.core.ledger import Ledger
from services.core.model import Alert, AlertId, Attempt, Case, Obligation, ObligationId
from services.core.ports.texts import Texts
from services.core.proof import proof_of
from services.core.states import Moved
from services.core.words import MEETINGS, PRESUMED, ContactStatus, Evidence, ReceiptStatus, Severity


def record(ledger: Ledger, case: Case, decision: Decision, environment: Environment, texts: Texts) -> None:
    """Write everything that was decided about one person."""
    rows = {row.obligation_id: row for row in case.obligations}
    case = _points(ledger, case, decision.points)
    points = case.contacts
    case = _ends(ledger, case, decision, rows)
    for timeout in decision.timeouts:
        _timeout(ledger, timeout)
    for presumed in decision.presumptions:
        row = rows[presumed.obligation.obligation_id]
        rows[row.obligation_id] = ledger.proved(row, Evidence.E2, PRESUMED, ledger.now)
    for cancel in decision.cancels:
        ledger.attempt(replace(cancel.attempt, reason=cancel.reason, closed_at=ledger.now), Moved.CANCELLED)
        ledger.skipped(cancel.attempt, "cancelled", cancel.reason)
    for skip in decision.skips:
        ledger.changes.attempts.append(skip)
        if skip.reason is not None:
            ledger.skipped(skip, "skipped", skip.reason)
    for attempt in decision.releases:
        ledger.changes.attempts.append(attempt)
        ledger.dispatch(attempt)
    for again in decision.redispatches:
        _redispatch(ledger, again.attempt)
    rows |= {outage.obligation.obligation_id: _outage(rows, outage) for outage in decision.outages}
    for dossier in decision.dossiers:
        rows[dossier.obligation.obligation_id] = _dossier(ledger, rows[dossier.obligation.obligation_id], dossier, environment, texts, case)
    released = len(decision.releases)
    for outlook in decision.outlooks:
        _outlook(ledger, case, outlook, rows[outlook.obligation.obligation_id], released)
    for wanted in decision.alerts:
        _raise_alert(ledger, case, wanted, environment, texts)
    for closed in decision.closed:
        _close_alert(ledger, case, closed, environment, texts)
    # what the end of a duty says of its points is judged at once (§10.7)
    live_at = decision.live_at if case.contacts == points else ledger.now
    ledger.changes.wakes.append(Wake(person_id=case.person_id, live_at=live_at, campaign_at=decision.campaign_at, only_earlier=False))


def _ends(ledger: Ledger, case: Case, decision: Decision, rows: dict[ObligationId, Obligation]) -> Case:
    """The duties whose date has passed."""
    for transition in decision.transitions:
        moved = ledger.moved(transition.obligation, transition.happened)
        rows[moved.obligation_id] = replace(moved, settled_at=ledger.now)
        case = ended(ledger, case, transition.obligation, moved)
    return case


def _points(ledger: Ledger, case: Case, points: PointsDue) -> Case:
    """What time and numbers say of contact points: stored, journalled, told to the directory once (§10.7)."""
    if not points.observed and not points.dropped:
        return case
    for seen in points.observed:
        if seen.closes is not None:
            after = ledger.closed_use(seen.contact, seen.closes, seen.reason)
        else:
            after = ledger.contact(seen.contact, ContactStatus.SUSPECT, seen.reason)
        case = with_point(case, after)
    ledger.changes.removed_contacts += [(case.person_id, point) for point in points.dropped]
    return replace(case, contacts=tuple(row for row in case.contacts if row.contact_id not in points.dropped))


def _timeout(ledger: Ledger, timeout: Timeout) -> None:
    """Unknown is an honest answer, and a fact (§11.1): the journal shows it as a receipt that is ours."""
    news = replace(timeout.attempt, reason=timeout.reason, closed_at=ledger.now, last_status=ReceiptStatus.UNKNOWN)
    ledger.attempt(news, Moved.UNKNOWN)
    for item in timeout.attempt.items:
        ledger.line(
            "receipt",
            channel=str(timeout.attempt.channel),
            person=timeout.attempt.person_id,
            obligation=item.obligation_id,
            step=str(item.step),
            status=str(ReceiptStatus.UNKNOWN),
            effect="applied",
        )


def _redispatch(ledger: Ledger, attempt: Attempt) -> None:
    """The same message once more, under the same id (contracts §3)."""
    again = replace(attempt, dispatched_at=ledger.now)
    ledger.changes.attempts.append(again)
    ledger.dispatch(again)


def _outage(rows: Mapping[ObligationId, Obligation], outage: Outage) -> Obligation:
    return replace(rows[outage.obligation.obligation_id], outage_at=outage.since)


def _dossier(ledger: Ledger, row: Obligation, dossier: Dossier, environment: Environment, texts: Texts, case: Case) -> Obligation:
    zone = environment.working_days(case.person.agency_id).zone if case.person else "Europe/Paris"
    lines = [texts.fact(line, zone) for line in dossier.lines]
    if dossier.told:
        ledger.line(
            "dossier",
            obligation=row.obligation_id,
            person=row.person_id,
            level=str(row.evidence),
            verdict=str(dossier.verdict),
            lines=lines,
        )
    row = replace(row, verdict=dossier.verdict, non_receipt=row.evidence < Evidence.E3)
    ledger.changes.proofs.append(proof_of(case, row, dossier.lines, lines, ledger.now))
    return row


def _outlook(ledger: Ledger, case: Case, outlook: Outlook, row: Obligation, released: int) -> None:
    """The next instant of an obligation is a stored fact, so that the watch can prove that there is one."""
    before = next(known for known in case.obligations if known.obligation_id == row.obligation_id)
    past = ledger.now >= row.due_at and row.kind in MEETINGS
    non_receipt = row.non_receipt or (past and row.evidence < Evidence.E3)
    if row is not before or non_receipt != before.non_receipt:
        after = replace(row, next_at=outlook.next_at, non_receipt=non_receipt)
        if after != before:
            ledger.obligation(before, after, attempts=attempts_of(case, before) + released)
    elif outlook.next_at != before.next_at:
        ledger.changes.next_instants.append(NextInstant(person_id=row.person_id, obligation_id=row.obligation_id, at=outlook.next_at))
    if outlook.next_at != before.next_at:
        ledger.line(
            "planned",
            obligation=row.obligation_id,
            person=row.person_id,
            wake_at=outlook.next_at,
            excluded=list(outlook.excluded),
            steps=[f"{intent.step} {intent.channel}" for intent in outlook.ahead],
        )


def _raise_alert(ledger: Ledger, case: Case, wanted: AlertWanted, environment: Environment, texts: Texts) -> None:
    if case.person is None:
        raise AssertionError("an alert about somebody whom the directory does not know")
    obligation_id = wanted.obligation.obligation_id if wanted.obligation else None
    before = next(
        (alert for alert in case.alerts if alert.type is wanted.type and alert.obligation_id == obligation_id and alert.closed_at is None),
        None,
    )
    routed_at = wanted.routed_at or ledger.now
    claimed = before is not None and wanted.claimed
    alert = Alert(
        alert_id=before.alert_id if before else _alert_id(case, wanted, obligation_id),
        type=wanted.type,
        severity=wanted.severity,
        person_id=case.person_id,
        obligation_id=obligation_id,
        agency_id=case.person.agency_id,
        advisor_id=wanted.advisor_id,
        routed=wanted.routed,
        claimed_by=before.claimed_by if before and claimed else None,
        claimed_at=before.claimed_at if before and claimed else None,
        deadline=wanted.deadline,
        known=wanted.known,
        next_action=wanted.next_action,
        act_by=wanted.act_by,
        raised_at=before.raised_at if before else ledger.now,
        updated_at=ledger.now,
        routed_at=routed_at,
        pushed_at=before.pushed_at if before and not _pushed_again(before, wanted) else None,
        policy=environment.policy.version,
    )
    _tell(ledger, alert, "alert.updated" if before else "alert.raised", "alert_updated" if before else "alert", environment, texts)


def _pushed_again(before: Alert, wanted: AlertWanted) -> bool:
    """Is its e-mail due once more: on another list, or critical from now on (§10.13)?"""
    moved = (before.advisor_id, before.routed) != (wanted.advisor_id, wanted.routed)
    return moved or (wanted.severity is Severity.CRITICAL and before.severity is not Severity.CRITICAL)


def _close_alert(ledger: Ledger, case: Case, closed: AlertClosed, environment: Environment, texts: Texts) -> None:
    before = next(alert for alert in case.alerts if alert.alert_id == closed.alert_id)
    alert = replace(before, closed_at=ledger.now, close_reason=closed.reason, updated_at=ledger.now)
    zone = environment.working_days(alert.agency_id).zone
    ledger.alert(alert, "alert.closed", [texts.fact(fact, zone) for fact in alert.known], texts.next_action(alert, zone))
    ledger.line("alert_closed", type=str(alert.type), person=alert.person_id, obligation=alert.obligation_id, reason=closed.reason)


def _tell(ledger: Ledger, alert: Alert, type_: str, what: str, environment: Environment, texts: Texts) -> None:
    zone = environment.working_days(alert.agency_id).zone
    known = [texts.fact(fact, zone) for fact in alert.known]
    action = texts.next_action(alert, zone)
    ledger.alert(alert, type_, known, action)
    ledger.line(
        what,
        type=str(alert.type),
        severity=str(alert.severity),
        person=alert.person_id,
        obligation=alert.obligation_id,
        to=alert.advisor_id or alert.agency_id,
        routed=str(alert.routed),
        act_by=alert.act_by,
        next_action=action,
        known=known,
    )


def _alert_id(case: Case, wanted: AlertWanted, obligation_id: str | None) -> AlertId:
    words = "|".join((case.person_id, obligation_id or "", wanted.type))
    return AlertId(f"al-{blake2b(words.encode(), digest_size=10).hexdigest()}")
