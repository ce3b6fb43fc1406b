"""One person's story for the advisor: what was sent, what came back, why this channel, why then, why not the others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.core.changes import MessageSent
from services.core.model import Alert, Attempt, Obligation, ObligationId, Receipt, Reply
from services.core.words import AttemptState, Kind, ReplyEffect
from services.web.ports import PersonFile
from services.web.render import local
from services.web.zones import zone_of_duty, zone_of_person

#: States in which a message left us, or may have.
_LEFT_US = frozenset({AttemptState.SUBMITTING, AttemptState.ACCEPTED, AttemptState.DELIVERED, AttemptState.FAILED, AttemptState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyView:
    """One duty with what is proved about it."""

    obligation: Obligation
    due_at: datetime
    evidence_at: datetime | None
    #: next instant at which the service does something by itself
    next_at: datetime | None
    #: the answer that the evidence rests on, when it was one
    answer: Reply | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the story; exactly one of ``attempt``, ``reply``, ``alert`` is there, or ``duty`` with ``event``."""

    at: datetime
    #: "sent", "not_sent", "ready", "reply", "alert", "alert_closed", "known", "settled"
    event: str
    attempt: Attempt | None = None
    #: what the provider reported, oldest first
    receipts: tuple[tuple[datetime, Receipt], ...] = ()
    #: the words that left us
    words: str | None = None
    #: channels left out with their reasons (bounded words)
    excluded: tuple[tuple[str, str], ...] = ()
    duties: tuple[DutyView, ...] = ()
    reply: Reply | None = None
    alert: Alert | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The person's page."""

    duties: tuple[DutyView, ...]
    #: newest first
    entries: tuple[Entry, ...]


def story(file: PersonFile) -> Story:
    """Put the facts of a file into the order in which they happened."""
    case = file.case
    home = zone_of_person(case.person)
    duties = {
        obligation.obligation_id: _duty(obligation, case.replies, zone_of_duty(obligation, case.person, file.agency))
        for obligation in case.obligations
    }
    theirs = [duty for duty in duties.values() if duty.obligation.kind is not Kind.CONTACT]
    words = _words(file.messages)
    entries: list[Entry] = []
    for attempt in case.attempts:
        receipts = [receipt for receipt in case.receipts if receipt.attempt_id == attempt.attempt_id]
        entries.append(_attempt(attempt, receipts, words.get(attempt.attempt_id), duties, home))
    entries.extend(_reply(reply, duties, home) for reply in case.replies)
    entries.extend(_alerts(case.alerts, duties, home))
    entries.extend(_settlements(theirs, home))
    return Story(
        duties=tuple(sorted(theirs, key=lambda duty: duty.obligation.due_at, reverse=True)),
        entries=tuple(sorted(entries, key=lambda entry: entry.at, reverse=True)),
    )


def _duty(obligation: Obligation, replies: Sequence[Reply], zone: str) -> DutyView:
    answers = [
        reply for reply in replies if reply.effect is ReplyEffect.ACKNOWLEDGED and reply.obligation_id in {None, obligation.obligation_id}
    ]
    newest = max(answers, key=lambda reply: reply.at, default=None)
    rests_on_it = newest is not None and newest.channel.value == obligation.evidence_how
    return DutyView(
        obligation=obligation,
        due_at=local(obligation.due_at, zone),
        evidence_at=local(obligation.evidence_at, zone) if obligation.evidence_at is not None else None,
        next_at=local(obligation.next_at, zone) if obligation.next_at is not None else None,
        answer=newest if rests_on_it else None,
    )


def _words(messages: Sequence[MessageSent]) -> Mapping[str, str]:
    """The last words per attempt: a further try says the same."""
    return {message.attempt_id: message.text for message in messages}


def _attempt(attempt: Attempt, receipts: Sequence[Receipt], words: str | None, duties: Mapping[ObligationId, DutyView], zone: str) -> Entry:
    if attempt.state in _LEFT_US:
        event, at = "sent", attempt.submitted_at or attempt.accepted_at or attempt.release_at
    elif attempt.state is AttemptState.RELEASED:
        event, at = "ready", attempt.release_at
    else:
        event, at = "not_sent", attempt.closed_at or attempt.release_at
    return Entry(
        at=local(at, zone),
        event=event,
        attempt=attempt,
        receipts=tuple((local(receipt.at, zone), receipt) for receipt in sorted(receipts, key=lambda receipt: receipt.at)),
        words=words,
        excluded=tuple(_pair(text) for text in attempt.excluded),
        duties=tuple(duties[item.obligation_id] for item in attempt.items if item.obligation_id in duties),
    )


def _pair(text: str) -> tuple[str, str]:
    channel, _, reason = text.partition(":")
    return channel.strip(), reason.strip()


def _reply(reply: Reply, duties: Mapping[ObligationId, DutyView], zone: str) -> Entry:
    duty = duties.get(reply.obligation_id) if reply.obligation_id is not None else None
    return Entry(at=local(reply.at, zone), event="reply", reply=reply, duties=(duty,) if duty is not None else ())


def _alerts(alerts: Sequence[Alert], duties: Mapping[ObligationId, DutyView], zone: str) -> Iterable[Entry]:
    for alert in alerts:
        duty = duties.get(alert.obligation_id) if alert.obligation_id is not None else None
        about = (duty,) if duty is not None else ()
        yield Entry(at=local(alert.raised_at, zone), event="alert", alert=alert, duties=about)
        if alert.closed_at is not None:
            yield Entry(at=local(alert.closed_at, zone), event="alert_closed", alert=alert, duties=about)


def _settlements(duties: Iterable[DutyView], zone: str) -> Iterable[Entry]:
    for duty in duties:
        yield Entry(at=local(duty.obligation.known_at, zone), event="known", duties=(duty,))
        if duty.obligation.settled_at is not None:
            yield Entry(at=local(duty.obligation.settled_at, zone), event="settled", duties=(duty,))
