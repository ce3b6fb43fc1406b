"""The futures that a preview imagines: silence, an SMS that cannot be delivered, an answer (rules §10.12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from services.core.changes import JournalLine
from services.core.channels.leadtime import expected_in_box
from services.core.environment import METROPOLE, Environment
from services.core.explaining.preview import Answered, Completed, Happening, Record, Reported, Words, World, preview
from services.core.model import Attempt, Case, Reply
from services.core.words import (
    AnsweredBy,
    Channel,
    Choice,
    Constraint,
    Identity,
    Kind,
    ObligationState,
    ReceiptStatus,
    ReplyChannel,
    ReplyEffect,
)

#: what is imagined, not a rule: an operator's report, a telephone that rings in vain, somebody who reads and decides, the hour of the post
_REPORTED_AFTER = timedelta(seconds=5)
_RINGS_FOR = timedelta(seconds=25)
_DECIDES_AFTER = timedelta(minutes=10)
_POST_COMES = time(12)
#: how somebody answers a message of this channel
_BY = {
    Channel.SMS: ReplyChannel.SMS,
    Channel.VOICE: ReplyChannel.VOICE,
    Channel.EMAIL: ReplyChannel.LINK,
    Channel.LETTER: ReplyChannel.PHONE,
}
_IDENTITY = {ReplyChannel.VOICE: Identity.DTMF, ReplyChannel.LINK: Identity.LINK}


#: what people want to read of a journal to come
TOLD = frozenset({"sent", "skipped", "cancelled", "reply", "contact", "state", "alert"})


class Branch(StrEnum):
    """What the person, or the world, may do."""

    #: messages arrive, nobody answers
    SILENT = "silent"
    #: the operator says that the number does not exist
    SMS_FAILS = "sms_fails"
    #: the first message is answered: I come; an actualisation is done
    COMES = "comes"
    #: the first message is answered: I cannot come
    CANNOT_COME = "cannot_come"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One branch and its journal."""

    branch: Branch
    lines: tuple[JournalLine, ...]


def forecasts(case: Case, environment: Environment, now: datetime, record: Record, *, words: Words | None = None) -> tuple[Forecast, ...]:
    """Silence first; then the branches that bring something else for this person."""
    silent = preview(case, environment, now, silence, record, words=words)
    found = [Forecast(branch=Branch.SILENT, lines=tuple(silent))]
    by_sms = any(line.what == "sent" and line.fields["channel"] == Channel.SMS for line in silent)
    answerable = any(row.kind is not Kind.ACTUALISATION and row.state is ObligationState.OPEN for row in case.obligations)
    wanted = {Branch.SMS_FAILS: by_sms, Branch.COMES: bool(silent), Branch.CANNOT_COME: answerable}
    for branch, world in WORLDS.items():
        if wanted.get(branch):
            found.append(Forecast(branch=branch, lines=tuple(preview(case, environment, now, world, record, words=words))))
    return tuple(found)


def silence(case: Case, attempt: Attempt, now: datetime, environment: Environment) -> Sequence[Happening]:
    """SMS arrive, calls ring in vain, e-mails and letters are taken; nobody answers."""
    if attempt.channel is Channel.SMS:
        return [Reported(at=now + _REPORTED_AFTER, attempt_id=attempt.attempt_id, status=ReceiptStatus.DELIVERED)]
    if attempt.channel is Channel.VOICE:
        return [Reported(at=now + _RINGS_FOR, attempt_id=attempt.attempt_id, status=ReceiptStatus.NO_ANSWER)]
    return []


def sms_fails(case: Case, attempt: Attempt, now: datetime, environment: Environment) -> Sequence[Happening]:
    """The operator does not know the number; all else as in silence."""
    if attempt.channel is Channel.SMS:
        return [Reported(at=now + _REPORTED_AFTER, attempt_id=attempt.attempt_id, status=ReceiptStatus.FAILED_HARD)]
    return silence(case, attempt, now, environment)


def comes(case: Case, attempt: Attempt, now: datetime, environment: Environment) -> Sequence[Happening]:
    """Whoever can answer the first message does: 1; who is reminded of an actualisation does it."""
    done = [
        Completed(at=_answers_at(case, attempt, now, environment), obligation_id=row.obligation_id)
        for row in case.obligations
        if row.kind is Kind.ACTUALISATION and any(item.obligation_id == row.obligation_id for item in attempt.items)
    ]
    return [*silence(case, attempt, now, environment), *done] if done else _answered(case, attempt, now, environment, Choice.COME)


def cannot_come(case: Case, attempt: Attempt, now: datetime, environment: Environment) -> Sequence[Happening]:
    """Whoever can answer the first message does: 2."""
    return _answered(case, attempt, now, environment, Choice.CANNOT_COME)


WORLDS: dict[Branch, World] = {
    Branch.SILENT: silence,
    Branch.SMS_FAILS: sms_fails,
    Branch.COMES: comes,
    Branch.CANNOT_COME: cannot_come,
}


def _answered(case: Case, attempt: Attempt, now: datetime, environment: Environment, choice: Choice) -> Sequence[Happening]:
    about = {item.obligation_id for item in attempt.items}
    asked = [
        row
        for row in case.obligations
        if row.obligation_id in about and row.kind is not Kind.ACTUALISATION and row.state is ObligationState.OPEN
    ]
    if not asked:
        return silence(case, attempt, now, environment)
    at = _answers_at(case, attempt, now, environment)
    prepaid = case.person is not None and Constraint.PREPAID in case.person.constraints
    # an SMS would cost credit: who has none calls the free number
    by = ReplyChannel.PHONE if prepaid and attempt.channel is Channel.SMS else _BY[attempt.channel]
    reply = Reply(
        reply_id=f"preview-{attempt.attempt_id}",
        channel=by,
        choice=choice,
        identity=_IDENTITY.get(by, Identity.NONE),
        answered_by=AnsweredBy.SELF,
        person_id=attempt.person_id,
        obligation_id=asked[0].obligation_id if by is ReplyChannel.PHONE else None,
        attempt_id=attempt.attempt_id,
        at=at,
        effect=ReplyEffect.IGNORED,
    )
    arrives = silence(case, attempt, now, environment) if attempt.channel is Channel.SMS else []
    return [*arrives, Answered(at=at, reply=reply)]


def _answers_at(case: Case, attempt: Attempt, now: datetime, environment: Environment) -> datetime:
    if attempt.channel is Channel.VOICE:
        return now + _RINGS_FOR
    if attempt.channel is not Channel.LETTER or case.person is None:
        return now + _DECIDES_AFTER
    residence = environment.residence(case.person.postal_code)
    day = expected_in_box(environment.policy.letters, residence, environment.residence(METROPOLE), now)
    return residence.instant(day, _POST_COMES)
