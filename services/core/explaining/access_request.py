"""What a person is given who asks for what we hold about them (SC-49): every message with its words and result, and their own answers.

Nothing of anybody else: no advisor's note, no alert, no answer of somebody who said not to be this person.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.core.changes import MessageSent
from services.core.model import Attempt, Contact, Obligation, Person, PersonId, Reply
from services.core.words import AttemptState, Channel, Choice, ReplyEffect

#: states in which a message left us, or may have
_LEFT_US = frozenset({AttemptState.SUBMITTING, AttemptState.ACCEPTED, AttemptState.DELIVERED, AttemptState.FAILED, AttemptState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """All rows about one person, however old."""

    person: Person
    contacts: tuple[Contact, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    messages: tuple[MessageSent, ...] = ()
    replies: tuple[Reply, ...] = ()


class Archive(Protocol):
    """Where the rows are. Raises ``StoreUnavailable``."""

    async def holdings(self, person_id: PersonId) -> Holdings | None:
        """Everything about a person; none when nobody is known by this name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message as it left us."""

    at: datetime
    channel: Channel
    #: the point it went to; none when the directory has taken it away since
    contact: Contact | None
    #: the duties it spoke of that are still known
    duties: tuple[Obligation, ...]
    #: none once its retention is over
    text: str | None
    state: AttemptState
    #: when the last of it was known
    result_at: datetime | None


def told(holdings: Holdings) -> list[Told]:
    """Every message, oldest first; each try of one is a message of its own while its words are kept."""
    points = {contact.contact_id: contact for contact in holdings.contacts}
    duties = {duty.obligation_id: duty for duty in holdings.obligations}
    words: dict[str, list[MessageSent]] = {}
    for message in holdings.messages:
        words.setdefault(message.attempt_id, []).append(message)
    found: list[Told] = []
    for attempt in holdings.attempts:
        if attempt.state not in _LEFT_US:
            continue
        about = dict.fromkeys(item.obligation_id for item in attempt.items)
        sent: list[tuple[datetime, str | None]] = [(message.at, message.text) for message in words.get(attempt.attempt_id, ())]
        for at, text in sent or [(attempt.submitted_at or attempt.claimed_at or attempt.release_at, None)]:
            found.append(
                Told(
                    at=at,
                    channel=attempt.channel,
                    contact=points.get(attempt.contact_id),
                    duties=tuple(duties[each] for each in about if each in duties),
                    text=text,
                    state=attempt.state,
                    result_at=attempt.delivered_at or attempt.closed_at,
                )
            )
    return sorted(found, key=lambda one: one.at)


def answered(holdings: Holdings) -> list[Reply]:
    """The person's own answers, oldest first."""
    return sorted((reply for reply in holdings.replies if _is_own(reply)), key=lambda reply: reply.at)


def _is_own(reply: Reply) -> bool:
    """Said by them, as far as anybody can tell: not by a stranger, nor perhaps by somebody else with the same number."""
    return reply.choice is not Choice.WRONG_PERSON and reply.effect is not ReplyEffect.AMBIGUOUS
