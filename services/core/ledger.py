"""Collects what a step changes: rows, events for the outbox and journal lines together, so that none of the three is forgotten."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from operator import attrgetter

from services.core.alarms import Alarm
from services.core.changes import Changes, JournalLine, Outgoing, Wake
from services.core.model import QUESTION, Alert, Attempt, Case, Contact, Item, Obligation, PersonId
from services.core.states import Happened, Moved, attempt_after, obligation_after
from services.core.words import Channel, ContactStatus, Evidence, Kind, ObligationState, Why

_NEVER_PUBLISHED_PLAIN = Kind.ACTUALISATION


class Ledger:
    """One step's changes at one instant. Every method returns the new row, so that the next one builds on it."""

    def __init__(self, now: datetime, changes: Changes | None = None) -> None:
        self.now = now
        self.changes = changes if changes is not None else Changes()

    def line(self, what: str, **fields: object) -> None:
        """One journal line at this instant."""
        self.changes.journal.append(JournalLine(at=self.now, what=what, fields=fields))

    def wake(self, person_id: PersonId, *, campaign: bool = False) -> None:
        """Look at this person now."""
        live, later = (None, self.now) if campaign else (self.now, None)
        self.changes.wakes.append(Wake(person_id=person_id, live_at=live, campaign_at=later))

    def wake_by(self, person_id: PersonId, at: datetime) -> None:
        """Look at this person at this instant at the latest."""
        self.changes.wakes.append(Wake(person_id=person_id, live_at=at, campaign_at=None))

    def onto(self, case: Case) -> Case:
        """The case with what this ledger has changed of it; for a second change of the same person in one batch."""
        obligations = {row.obligation_id: row for row in self.changes.obligations}
        attempts = {row.attempt_id: row for row in self.changes.attempts}
        contacts = {row.contact_id: row for row in self.changes.contacts}
        return replace(
            case,
            obligations=tuple(obligations.get(row.obligation_id, row) for row in case.obligations),
            attempts=tuple(attempts.get(row.attempt_id, row) for row in case.attempts),
            contacts=tuple(contacts.get(row.contact_id, row) for row in case.contacts),
        )

    # ---- obligations

    def moved(self, obligation: Obligation, happened: Happened) -> Obligation:
        """The obligation after a transition; itself when the table knows none."""
        after = obligation_after(obligation.state, happened)
        if after is None:
            return obligation
        changed = replace(obligation, state=after, changed_at=self.now)
        if after is not obligation.state:
            self.line(
                "state",
                obligation=obligation.obligation_id,
                person=obligation.person_id,
                **{"from": str(obligation.state), "to": str(after)},
            )
        return changed

    def proved(self, obligation: Obligation, level: Evidence, how: str, at: datetime) -> Obligation:
        """The obligation with this evidence, when it is more than what was proved before (§10.6: monotonic)."""
        if level <= obligation.evidence:
            return obligation
        self.line("evidence", obligation=obligation.obligation_id, person=obligation.person_id, level=str(level), how=how)
        return replace(obligation, evidence=level, evidence_how=how, evidence_at=at, changed_at=self.now)

    def withdrawn(self, obligation: Obligation, level: Evidence, how: str | None, at: datetime | None) -> Obligation:
        """The obligation back at what the rest proves: a letter that was presumed to have arrived came back (§10.6)."""
        self.line("evidence", obligation=obligation.obligation_id, person=obligation.person_id, level=str(level), how=how)
        return replace(obligation, evidence=level, evidence_how=how, evidence_at=at, changed_at=self.now)

    def obligation(self, before: Obligation | None, after: Obligation, attempts: int = 0) -> Obligation:
        """Store the row; publish ``obligation.changed`` when what others see of it has changed."""
        if before is not None and not _seen_by_others(before, after):
            self.changes.obligations.append(after)
            return after
        if after.kind is Kind.CONTACT:
            # a question of ours, not a duty of theirs (§10.7)
            self.changes.obligations.append(after)
            return after
        if before is None and after.kind is _NEVER_PUBLISHED_PLAIN and after.state is ObligationState.OPEN:
            self.changes.obligations.append(after)
            return after
        after = replace(after, version=after.version + 1, changed_at=self.now)
        self.changes.obligations.append(after)
        self.publish(
            "obligations.v1", after.obligation_id, "obligation.changed", after.obligation_id, _public(after, attempts), after.person_id
        )
        return after

    # ---- attempts and contacts

    def attempt(self, attempt: Attempt, moved: Moved) -> Attempt | None:
        """The attempt (with whatever else is new of it) after a transition, stored; none when the table knows none: nothing is stored."""
        state = attempt_after(attempt.state, moved)
        if state is None:
            return None
        after = replace(attempt, state=state)
        self.changes.attempts.append(after)
        return after

    def contact(self, contact: Contact, status: ContactStatus, reason: str) -> Contact:
        """The point in another status: stored, published to the directory, journalled."""
        after = replace(contact, status=status, status_reason=reason, status_at=self.now)
        self.changes.contacts.append(after)
        self.line("contact", person=contact.person_id, channel=str(contact.kind), status=str(status), reason=reason)
        if status in (ContactStatus.DISABLED, ContactStatus.SUSPECT):
            self.observed(contact, str(status), reason)
        return after

    def closed_use(self, contact: Contact, channel: Channel, reason: str) -> Contact:
        """One use of the point is closed by the person (STOP, complaint); the other goes on."""
        after = replace(contact, closed_channels=(*contact.closed_channels, channel))
        self.changes.contacts.append(after)
        self.line("contact", person=contact.person_id, channel=str(channel), status=str(ContactStatus.DISABLED), reason=reason)
        self.observed(contact, "stopped", reason, channel)
        return after

    def observed(self, contact: Contact, observation: str, reason: str, channel: Channel | None = None) -> None:
        """Tell the directory what we learned about a contact point (contracts §3)."""
        data = {
            "person_id": contact.person_id,
            "contact_id": contact.contact_id,
            "channel": str(channel or contact.kind),
            "observation": observation,
            "reason": reason,
            "at": self.now,
        }
        self.publish("contacts.v1", contact.person_id, "contact.observed", contact.person_id, data, contact.person_id)

    # ---- outbox

    def dispatch(self, attempt: Attempt) -> None:
        """Hand the attempt to whoever owns its channel. No personal data (contracts §3)."""
        data = {
            "attempt_id": attempt.attempt_id,
            "person_id": attempt.person_id,
            "channel": str(attempt.channel),
            "contact_id": attempt.contact_id,
            "items": [_item(item) for item in attempt.items],
            "release_at": attempt.release_at,
            "not_after": attempt.not_after,
        }
        topic = f"dispatch.{attempt.channel}.v1"
        self.publish(topic, attempt.person_id, "dispatch.requested", attempt.attempt_id, data, attempt.person_id)

    def alert(self, alert: Alert, type_: str, known_text: list[str], next_action_text: str) -> None:
        """Store an alert and tell advisors' tools."""
        self.changes.alerts.append(alert)
        data: dict[str, object] = {
            "alert_id": alert.alert_id,
            "type": str(alert.type),
            "severity": str(alert.severity),
            "person_id": alert.person_id,
            "obligation_id": None if (alert.obligation_id or "").startswith(QUESTION) else alert.obligation_id,
            "agency_id": alert.agency_id,
            "advisor_id": alert.advisor_id,
            "routed": str(alert.routed),
            "claimed_by": alert.claimed_by,
            "deadline": alert.deadline,
            "known": [{"code": fact.code, "parameters": dict(fact.parameters)} for fact in alert.known],
            "known_text": known_text,
            "next_action": alert.next_action,
            "next_action_text": next_action_text,
            "act_by": alert.act_by,
            "raised_at": alert.raised_at,
        }
        present = {key: value for key, value in data.items() if value is not None}
        self.publish("alerts.v1", alert.agency_id, type_, alert.alert_id, present, alert.person_id)

    def alarm(self, alarm: Alarm) -> None:
        """Store an alarm that was raised or cleared, and tell operations; the journal has it when it rings."""
        self.changes.alarms.append(alarm)
        data: dict[str, object] = {
            "type": str(alarm.type),
            "scope": alarm.scope,
            "figures": dict(alarm.figures),
            "since": alarm.since,
        }
        type_ = "alarm.raised" if alarm.cleared_at is None else "alarm.cleared"
        self.publish("alarms.v1", str(alarm.type), type_, str(alarm.type), data, str(alarm.type))
        if alarm.cleared_at is None:
            self.line("alarm", type=str(alarm.type), scope=alarm.scope, figures=dict(alarm.figures))

    def publish(self, topic: str, key: str, type_: str, subject: str, data: Mapping[str, object], shard_key: str) -> None:
        """One message for the relay."""
        self.changes.outbox.append(Outgoing(topic=topic, key=key, type=type_, subject=subject, data=data, shard_key=shard_key, at=self.now))

    def skipped(self, attempt: Attempt, what: str, reason: Why) -> None:
        """A ``skipped`` or ``cancelled`` journal line for each item of the message."""
        for item in attempt.items:
            self.line(
                what,
                channel=str(attempt.channel),
                person=attempt.person_id,
                obligation=item.obligation_id,
                step=str(item.step),
                reason=str(reason),
            )


def _item(item: Item) -> dict[str, object]:
    return {"obligation_id": item.obligation_id, "revision": item.revision, "step": str(item.step), "occurrence": item.occurrence}


#: what ``obligation.changed`` says of a duty, but for its counts and its instant
_SAID = attrgetter(
    "kind", "person_id", "state", "evidence", "evidence_how", "due_at", "declined_at", "declined_reason", "non_receipt", "verdict"
)


def _seen_by_others(before: Obligation, after: Obligation) -> bool:
    """Does ``obligation.changed`` say something new?"""
    return _said_revision(before) != _said_revision(after) or _SAID(before) != _SAID(after)


def _said_revision(obligation: Obligation) -> int:
    return max(obligation.revision, obligation.last_revision)


def _public(obligation: Obligation, attempts: int) -> dict[str, object]:
    data: dict[str, object] = {
        "obligation_id": obligation.obligation_id,
        "version": obligation.version,
        "kind": str(obligation.kind),
        "person_id": obligation.person_id,
        "revision": _said_revision(obligation),
        "state": str(obligation.state),
        "evidence": str(obligation.evidence),
        "evidence_how": obligation.evidence_how,
        "due_at": obligation.due_at,
        "attempts": attempts,
        "declined_at": obligation.declined_at,
        "declined_reason": obligation.declined_reason,
        "non_receipt": obligation.non_receipt,
        "verdict": str(obligation.verdict) if obligation.verdict else None,
        "changed_at": obligation.changed_at,
    }
    return {key: value for key, value in data.items() if value is not None}
