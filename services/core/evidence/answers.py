"""An answer and what it changes: evidence, state, contact points (§10.12, §10.14). Only a human's visible choice counts."""

from dataclasses import replace

from services.core.evidence.contacts import answered, failed_hard
from services.core.evidence.receipts import attempts_of, with_obligation
from services.core.ledger import Ledger
from services.core.model import QUESTION, Attempt, Case, Obligation, Reply
from services.core.policy import LinkPolicy
from services.core.states import SETTLED, Happened, Moved
from services.core.words import (
    MEETINGS,
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    Evidence,
    Identity,
    Kind,
    PointKind,
    ReplyChannel,
    ReplyEffect,
)

_VERIFIED = frozenset({Identity.AGENCY, Identity.CODE})
_HAPPENED = {Choice.COME: Happened.CONFIRMED, Choice.CANNOT_COME: Happened.DECLINED}
_SENT_BY = {ReplyChannel.SMS: Channel.SMS, ReplyChannel.VOICE: Channel.VOICE, ReplyChannel.EMAIL: Channel.EMAIL}
#: what a person means to say with an answer
_ANSWERS = frozenset({Choice.COME, Choice.CANNOT_COME, Choice.CALL_ME_BACK, Choice.DONE})
#: these answer a message; the desk and the telephone answer a duty
_THROUGH_A_MESSAGE = frozenset({*_SENT_BY, ReplyChannel.LINK})
#: reason of a reply that chose the wrong date on the link page
DECOY = "decoy"


def apply_reply(ledger: Ledger, case: Case, reply: Reply, link: LinkPolicy) -> Case:
    """Apply one answer to the case of the person it is from; returns the case as it is now. One row for each duty it speaks of."""
    if any(known.reply_id == reply.reply_id for known in case.replies):
        return case
    attempt = _answered(case, reply)
    duties = _meant(_spoken_of(case, reply, attempt), reply.choice)
    effect = _effect(reply, attempt, duties, link)
    rows = [
        replace(
            reply,
            reply_id=reply.reply_id if place == 0 else f"{reply.reply_id}.{place}",
            person_id=case.person_id,
            attempt_id=attempt.attempt_id if attempt and reply.channel in _THROUGH_A_MESSAGE else reply.attempt_id,
            obligation_id=duty.obligation_id if duty else reply.obligation_id,
            revision=duty.revision if duty else None,
            effect=effect,
        )
        for place, duty in enumerate(duties or [None])
    ]
    ledger.changes.replies += rows
    for row in rows:
        choice = str(row.choice)
        ledger.line(
            "reply", channel=str(row.channel), person=case.person_id, obligation=row.obligation_id, choice=choice, effect=str(effect)
        )
    case = replace(case, replies=(*case.replies, *rows))
    if effect in (ReplyEffect.ACKNOWLEDGED, ReplyEffect.FORWARDED):
        case = _heard(ledger, case, reply, attempt, duties, effect)
    if effect is not ReplyEffect.BOT_SUSPECT and reply.reason != DECOY:
        case = _there(ledger, case, reply, attempt)
    ledger.wake(case.person_id)
    return case


def _there(ledger: Ledger, case: Case, reply: Reply, attempt: Attempt | None) -> Case:
    """A human being answered at the point that was written to (§10.7): what it proves depends on whether the words were theirs."""
    if attempt is None or reply.channel not in _THROUGH_A_MESSAGE or reply.choice is Choice.WRONG_PERSON:
        return case
    # an e-mail from a mailbox is a human's whatever it says (§11.3); an SMS that nobody can read may be anybody's
    proves = reply.choice in _ANSWERS or reply.channel is ReplyChannel.EMAIL
    return answered(ledger, case, attempt.contact_id, proves=proves and reply.choice is not Choice.STOP)


def _answered(case: Case, reply: Reply) -> Attempt | None:
    """The message that is answered: the one named, else the newest on that channel."""
    if reply.attempt_id is not None:
        return next((attempt for attempt in case.attempts if attempt.attempt_id == reply.attempt_id), None)
    sent = [attempt for attempt in case.attempts if attempt.submitted_at is not None and attempt.submitted_at <= reply.at]
    channel = _SENT_BY.get(reply.channel)
    if channel is not None:
        sent = [attempt for attempt in sent if attempt.channel is channel]
    if reply.obligation_id is not None:
        sent = [attempt for attempt in sent if any(item.obligation_id == reply.obligation_id for item in attempt.items)]
    if reply.choice in _ANSWERS - {Choice.COME}:
        # nobody declines, or has done, the question whether a number is theirs
        sent = [attempt for attempt in sent if not all(item.obligation_id.startswith(QUESTION) for item in attempt.items)]
    return max(sent, key=lambda attempt: (attempt.submitted_at, attempt.attempt_id), default=None)


def _spoken_of(case: Case, reply: Reply, attempt: Attempt | None) -> list[Obligation]:
    """The duties that the answer is about, in their present revision."""
    living = [obligation for obligation in case.obligations if obligation.state not in SETTLED]
    if reply.obligation_id is not None:
        return [obligation for obligation in living if obligation.obligation_id == reply.obligation_id]
    if attempt is not None:
        items = {(item.obligation_id, item.revision) for item in attempt.items}
        about = [obligation for obligation in living if (obligation.obligation_id, obligation.revision) in items]
        if about or reply.channel is not ReplyChannel.AGENCY:
            return about
    living = [obligation for obligation in living if obligation.kind is not Kind.CONTACT]
    wanted = [obligation for obligation in living if (obligation.kind is Kind.ACTUALISATION) == (reply.choice is Choice.DONE)]
    return sorted(wanted, key=lambda obligation: obligation.due_at)[:1]


def _meant(duties: list[Obligation], choice: Choice) -> list[Obligation]:
    """Of a message about several duties, what the answer concerns, the soonest first (§10.12).

    An answer is about the meetings, « c'est fait » about the actualisation; what a human has to read is read once.
    """
    soonest_first = sorted(duties, key=lambda duty: (duty.due_at, duty.obligation_id))
    asked = [duty for duty in soonest_first if (duty.kind is Kind.ACTUALISATION) == (choice is Choice.DONE)] or soonest_first
    return asked[:1] if choice in (Choice.UNREADABLE, Choice.STOP) else asked


def _effect(reply: Reply, attempt: Attempt | None, duties: list[Obligation], link: LinkPolicy) -> ReplyEffect:
    if reply.channel is ReplyChannel.LINK and attempt is not None:
        sent = attempt.submitted_at or attempt.release_at
        if reply.reason == DECOY:
            return ReplyEffect.BOT_SUSPECT if reply.at - sent < link.decoy_suspect else ReplyEffect.IGNORED
        if reply.at - sent < link.early_suspect:
            return ReplyEffect.BOT_SUSPECT
    if reply.choice in (Choice.UNREADABLE, Choice.STOP):
        return ReplyEffect.FORWARDED
    if reply.choice is Choice.WRONG_PERSON:
        return ReplyEffect.ACKNOWLEDGED
    if not duties:
        return ReplyEffect.IGNORED
    if reply.choice is Choice.CANNOT_COME and (len(duties) > 1 or duties[0].kind not in MEETINGS):
        # of which meeting? or: nobody comes to an actualisation, and who cannot do it needs a human
        return ReplyEffect.FORWARDED
    return ReplyEffect.ACKNOWLEDGED


def _heard(ledger: Ledger, case: Case, reply: Reply, attempt: Attempt | None, duties: list[Obligation], effect: ReplyEffect) -> Case:
    if reply.choice is Choice.WRONG_PERSON:
        return _wrong_person(ledger, case, attempt, reply)
    if reply.choice is Choice.STOP:
        return _stop(ledger, case, attempt)
    if reply.choice is Choice.UNREADABLE and reply.channel is not ReplyChannel.EMAIL:
        return case
    if reply.channel is ReplyChannel.VOICE:
        case = _call_was_heard(ledger, case, attempt)
    level = Evidence.E4 if reply.identity in _VERIFIED else Evidence.E3
    for duty in duties:
        after = ledger.proved(duty, level, str(reply.channel), reply.at)
        # nobody comes to an actualisation: only its completion ends it
        happened = _HAPPENED.get(reply.choice) if duty.kind in MEETINGS else None
        if happened is not None and effect is ReplyEffect.ACKNOWLEDGED and not _answered_later(case, duty, reply):
            after = ledger.moved(after, happened)
            if happened is Happened.DECLINED:
                after = replace(after, declined_at=reply.at, declined_reason=reply.reason)
        if reply.choice is Choice.DONE:
            after = replace(after, said_done_at=reply.at)
        if after is not duty:
            case = with_obligation(case, ledger.obligation(duty, after, attempts=attempts_of(case, duty)))
    return case


def _answered_later(case: Case, duty: Obligation, reply: Reply) -> bool:
    """The last answer wins, in the order in which people gave them: one that came to us late does not undo a newer one."""
    return any(
        known.obligation_id == duty.obligation_id
        and known.revision == duty.revision
        and known.choice in _HAPPENED
        and known.effect is ReplyEffect.ACKNOWLEDGED
        and known.at > reply.at
        for known in case.replies
    )


def _call_was_heard(ledger: Ledger, case: Case, attempt: Attempt | None) -> Case:
    """A key was pressed: the call is over, and it reached somebody."""
    if attempt is None or attempt.channel is not Channel.VOICE or attempt.state is AttemptState.DELIVERED:
        return case
    after = ledger.attempt(replace(attempt, delivered_at=ledger.now, closed_at=ledger.now), Moved.DELIVERED)
    if after is None:
        return case
    rows = tuple(after if row.attempt_id == after.attempt_id else row for row in case.attempts)
    return replace(case, attempts=rows)


def _wrong_person(ledger: Ledger, case: Case, attempt: Attempt | None, reply: Reply) -> Case:
    """Somebody else: the point that was written to, or that they write from, is disabled (SC-14); for the others who have its value too."""
    contacts = list(case.contacts)
    for place, contact in enumerate(contacts):
        writes_from = reply.sender_hash is not None and contact.sender_hash == reply.sender_hash
        theirs = contact.contact_id == attempt.contact_id if attempt else writes_from
        if theirs and contact.status is not ContactStatus.DISABLED:
            contacts[place] = failed_hard(ledger, contact, str(Choice.WRONG_PERSON))
    return replace(case, contacts=tuple(contacts))


def _stop(ledger: Ledger, case: Case, attempt: Attempt | None) -> Case:
    """STOP closes SMS for the person; the duty goes on by others."""
    contacts = list(case.contacts)
    for place, contact in enumerate(contacts):
        if contact.kind is PointKind.PHONE and Channel.SMS not in contact.closed_channels:
            mine = attempt is None or contact.contact_id == attempt.contact_id
            if mine:
                contacts[place] = ledger.closed_use(contact, Channel.SMS, str(Choice.STOP))
    return replace(case, contacts=tuple(contacts))
