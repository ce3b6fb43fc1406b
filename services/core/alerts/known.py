"""What is known about a duty, as codes with parameters, the same for alerts, dossiers and pages (R3)."""

from itertools import groupby

from services.core.evidence.presumption import is_presumed
from services.core.evidence.verdict import faults
from services.core.model import Attempt, Fact, Obligation
from services.core.view import View
from services.core.words import AnsweredBy, AttemptState, Channel, Choice, Kind, ObligationState, ReceiptStatus, ReplyEffect

_UNANSWERED = frozenset({ReceiptStatus.NO_ANSWER, ReceiptStatus.BUSY})


def known(view: View, obligation: Obligation) -> tuple[Fact, ...]:
    """Short facts, in the order in which things happened; then what could not be used, and what the person said."""
    facts: list[Fact] = []
    tries = [attempt for attempt in view.tries_of(obligation) if attempt.submitted_at is not None]
    for channel, group in groupby(sorted(tries, key=lambda attempt: attempt.channel), key=lambda attempt: attempt.channel):
        facts += _channel_facts(channel, list(group), presumed=is_presumed(obligation))
    if not tries:
        facts.append(_nothing_of_this_date(view, obligation))
    facts += [Fact(code="excluded", parameters={"channel": channel, "reason": reason}) for channel, reason in view.reach.excluded.items()]
    if obligation.said_done_at is not None:
        facts.append(Fact(code="says_done", parameters={"at": obligation.said_done_at.isoformat()}))
    if obligation.state is ObligationState.ACKNOWLEDGED and obligation.evidence_at is not None:
        how = obligation.evidence_how or ""
        helped = by_helper(view, obligation, Choice.COME)
        facts.append(Fact(code="acknowledged", parameters={"how": how, "at": obligation.evidence_at.isoformat(), **helped}))
    if obligation.kind is Kind.ACTUALISATION:
        facts.append(Fact(code="not_done", parameters={"period": obligation.period or ""}))
        if view.person.missed_actualisations:
            facts.append(Fact(code="missed_before", parameters={"count": str(view.person.missed_actualisations)}))
    if view.person.non_web:
        facts.append(Fact(code="non_web"))
    return tuple(facts)


def _nothing_of_this_date(view: View, obligation: Obligation) -> Fact:
    """Nothing went out about this date; what went out about another one is what the person believes (§10.11)."""
    sent = [attempt.submitted_at for attempt in view.messages.about(obligation.obligation_id) if attempt.submitted_at is not None]
    return Fact(code="other_date_sent", parameters={"at": max(sent).isoformat()}) if sent else Fact(code="nothing_sent")


def by_helper(view: View, obligation: Obligation, choice: Choice) -> dict[str, str]:
    """The parameter that says so when the last such answer was given by somebody who helps the person (§10.12)."""
    said = [reply for reply in view.replies_to(obligation) if reply.choice is choice and reply.effect is ReplyEffect.ACKNOWLEDGED]
    return {"by": str(AnsweredBy.HELPER)} if said and said[-1].answered_by is AnsweredBy.HELPER else {}


def dossier_lines(view: View, obligation: Obligation) -> tuple[Fact, ...]:
    """The proof of reception, before anybody starts a procedure (§2.3): level first, then what of ours went wrong, then every message."""
    level = Fact(code="evidence", parameters={"level": obligation.evidence})
    return (level, *faults(view, obligation), *known(view, obligation))


def _channel_facts(channel: Channel, attempts: list[Attempt], *, presumed: bool) -> list[Fact]:
    last = attempts[-1]
    at = last.submitted_at or last.release_at
    facts = [Fact(code="sent", parameters={"channel": channel, "at": at.isoformat(), "count": str(len(attempts))})]
    unanswered = [attempt for attempt in attempts if attempt.last_status in _UNANSWERED]
    if unanswered:
        when = unanswered[-1].submitted_at or unanswered[-1].release_at
        facts.append(Fact(code="no_answer", parameters={"count": str(len(unanswered)), "last": when.isoformat()}))
    delivered = [attempt for attempt in attempts if attempt.state is AttemptState.DELIVERED]
    if delivered and delivered[-1].last_status is ReceiptStatus.VOICEMAIL_LEFT:
        facts.append(_fact("voicemail", delivered[-1]))
    elif delivered and channel is not Channel.VOICE:
        facts.append(_fact("delivered", delivered[-1], channel))
    if last.state is AttemptState.UNKNOWN:
        facts.append(_fact("no_receipt", last, channel))
    if last.state is AttemptState.FAILED and last.last_status is ReceiptStatus.RETURNED:
        facts.append(_fact("returned", last))
    elif last.state is AttemptState.FAILED and last.last_status not in _UNANSWERED:
        facts.append(_fact("failed_hard", last, channel))
    if channel is Channel.LETTER and last.state is AttemptState.ACCEPTED:
        # three weeks without a return: as good as delivered, and said as such (§10.6)
        facts.append(_fact("delivered", last, channel) if presumed else _fact("letter_on_its_way", last))
    return facts


def _fact(code: str, attempt: Attempt, channel: Channel | None = None) -> Fact:
    at = attempt.delivered_at or attempt.closed_at or attempt.accepted_at or attempt.release_at
    parameters = {"at": at.isoformat()}
    if channel is not None:
        parameters["channel"] = channel
    return Fact(code=code, parameters=parameters)
