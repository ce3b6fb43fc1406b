"""What an acknowledgement link shows and what its form means: pure functions over the facts behind the link."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.core.changes import Outgoing
from services.core.model import Obligation
from services.core.words import AnsweredBy, Choice, Identity, Kind, ObligationState, ReplyChannel
from services.web.decoy import DateOption, date_options
from services.web.ports import LinkCase
from services.web.render import local
from services.web.zones import zone_of_duty

#: Why somebody cannot come. Bounded, so that nobody is asked to write down private matters; health is not asked for.
REASONS: Final = ("work", "other_appointment", "transport", "family", "other")

MEETING_CHOICES: Final = (Choice.COME, Choice.CANNOT_COME, Choice.CALL_ME_BACK)
ACTUALISATION_CHOICES: Final = (Choice.DONE, Choice.CALL_ME_BACK)


class Standing(StrEnum):
    """What can still be done about one duty of the message."""

    #: the date is ahead
    OPEN = "open"
    #: the meeting has another date than the message said
    MOVED = "moved"
    CANCELLED = "cancelled"
    #: nothing left to do
    DONE = "done"
    #: the date has come
    OVER = "over"


_SETTLED: Final[Mapping[ObligationState, Standing]] = {
    ObligationState.CANCELLED: Standing.CANCELLED,
    ObligationState.DONE: Standing.DONE,
    ObligationState.NOT_REQUIRED: Standing.DONE,
    ObligationState.MISSED: Standing.OVER,
    ObligationState.LAPSED: Standing.OVER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One date of the message, as the page shows it."""

    obligation: Obligation
    standing: Standing
    #: local date and hour of the meeting or of the deadline
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """The page: first name, dates, places, reference, and no other personal data (rules §12 SC-03)."""

    token: str
    first_name: str
    reference: str
    duties: tuple[Duty, ...]
    #: two dates to choose from; empty when there is nothing to answer
    options: tuple[DateOption, ...]
    choices: tuple[Choice, ...]

    @property
    def open_duties(self) -> tuple[Duty, ...]:
        """What can still be answered, in the order of the message."""
        return tuple(duty for duty in self.duties if duty.standing is Standing.OPEN)

    @property
    def expired(self) -> bool:
        """Every date has come: the link shows nothing any more."""
        return all(duty.standing is Standing.OVER for duty in self.duties)

    @property
    def actualisation(self) -> bool:
        """What is left to answer is the monthly actualisation alone: beside a meeting, answers are about the meeting (rules §10.12)."""
        return all(duty.obligation.kind is Kind.ACTUALISATION for duty in self.open_duties or self.duties)

    @property
    def meetings(self) -> tuple[Duty, ...]:
        """The meetings that can still be answered."""
        return tuple(duty for duty in self.open_duties if duty.obligation.kind is not Kind.ACTUALISATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A form that a person may have filled in; ``choice`` is ``decoy`` when the wrong date was chosen."""

    choice: Choice
    answered_by: AnsweredBy
    reason: str | None = None


class Mistake(StrEnum):
    """A form that says nothing: shown again, with a word of help, and nobody is told."""

    NO_DATE = "no_date"
    NO_CHOICE = "no_choice"


def view_of(token: str, case: LinkCase, now: datetime) -> LinkView:
    """What the page shows at ``now``."""
    revisions = {item.obligation_id: item.revision for item in case.attempt.items}
    duties = tuple(
        Duty(
            obligation=obligation,
            standing=_standing(obligation, revisions.get(obligation.obligation_id, obligation.revision), now),
            at=local(obligation.due_at, zone_of_duty(obligation, case.person, case.agency)),
        )
        for obligation in case.obligations
        # the question whether a point is theirs is answered there, not here
        if obligation.kind is not Kind.CONTACT
    )
    still_open = [duty for duty in duties if duty.standing is Standing.OPEN]
    meetings = [duty for duty in still_open if duty.obligation.kind is not Kind.ACTUALISATION]
    answerable, actualisation = meetings or still_open, not meetings
    options: tuple[DateOption, ...] = ()
    if answerable:
        first = min(answerable, key=lambda duty: duty.at)
        options = date_options(
            secret=token,
            right=first.at,
            after=case.attempt.release_at.date(),
            taken={duty.at.date() for duty in duties},
            keep_hour=actualisation,
        )
    return LinkView(
        token=token,
        first_name=case.person.first_name,
        reference=case.attempt.reference or "",
        duties=duties,
        options=options,
        choices=(ACTUALISATION_CHOICES if actualisation else MEETING_CHOICES) if answerable else (),
    )


def read_answer(form: Mapping[str, str], view: LinkView) -> Answer | Mistake:
    """What the form says: a choice that the page offers, with one of the two dates that it offers."""
    option = next((option for option in view.options if option.value == form.get("date")), None)
    choice = next((choice for choice in view.choices if choice.value == form.get("choice")), None)
    if choice is None:
        return Mistake.NO_CHOICE
    if option is None:
        return Mistake.NO_DATE
    who = {"self": AnsweredBy.SELF, "helper": AnsweredBy.HELPER}.get(form.get("who", ""), AnsweredBy.UNKNOWN)
    if not option.right:
        return Answer(choice=Choice.DECOY, answered_by=who)
    reason = form.get("reason")
    return Answer(choice=choice, answered_by=who, reason=reason if choice is Choice.CANNOT_COME and reason in REASONS else None)


def too_early(case: LinkCase, now: datetime, early: timedelta) -> bool:
    """Whether the answer came faster than a person can read, so that the core holds it (rules §10.12)."""
    attempt = case.attempt
    return now - (attempt.submitted_at or attempt.release_at) < early


def reply_event(case: LinkCase, answer: Answer, now: datetime) -> tuple[str, Outgoing]:
    """The ``reply.received`` of this answer and its id; the core judges it (rules §10.12).

    It names the attempt and no obligation: the attempt's items say which duties at which revision were answered, so
    that an answer to the old date never counts for a new one. The wrong date travels
    as ``unreadable`` with reason ``decoy``: the contract's list of choices has no decoy.
    """
    attempt = case.attempt
    decoy = answer.choice is Choice.DECOY
    data: dict[str, object] = {
        "channel": ReplyChannel.LINK.value,
        "choice": (Choice.UNREADABLE if decoy else answer.choice).value,
        "identity": Identity.LINK.value,
        "answered_by": answer.answered_by.value,
        "attempt_id": attempt.attempt_id,
        "person_id": attempt.person_id,
        "at": now.isoformat(),
    }
    if decoy:
        data["reason"] = "decoy"
    elif answer.reason:
        data["reason"] = answer.reason
    said = f"link|{attempt.attempt_id}|{answer.choice}|{answer.answered_by}|{answer.reason}|{now.isoformat()}"
    event_id = hashlib.sha256(said.encode()).hexdigest()[:32]
    return event_id, Outgoing(
        topic="replies.v1",
        key=attempt.person_id,
        type="reply.received",
        subject=attempt.attempt_id,
        data=data,
        shard_key=attempt.person_id,
        at=now,
    )


def _standing(obligation: Obligation, said_revision: int, now: datetime) -> Standing:
    settled = _SETTLED.get(obligation.state)
    if settled is not None:
        return settled
    if obligation.due_at <= now:
        return Standing.OVER
    return Standing.OPEN if obligation.revision <= said_revision else Standing.MOVED
