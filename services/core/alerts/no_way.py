"""Nobody is left without a channel or a human (R5, §10.1.6): NO_CHANNEL, UNREACHABLE, and people on hold (§10.17)."""

from datetime import date, datetime, time

from services.core.actualisation.campaign import letters_until
from services.core.alerts.contact import contact_dead, wrong_person
from services.core.alerts.found import Found
from services.core.decision import Omission, Plan
from services.core.model import Attempt, Fact, Hold, Obligation
from services.core.timing import letter_limit_of
from services.core.view import View
from services.core.words import AttemptState, Channel, Evidence, Kind, ObligationState, ReceiptStatus, Why


def no_channel(view: View, obligation: Obligation) -> Found | None:
    """Nothing can be used any more, and nothing is under way: the advisor hears of it at planning (≤ 5 minutes).

    A message about this duty that failed hard is told as UNREACHABLE, its dead point, or one that is not theirs, by its own alert, nothing
    but a letter that was too late from the start as SHORT_NOTICE. The last channel may go later too: by STOP, by a word of the directory,
    by what another duty's message found out, because paper takes too long by now.
    """
    if obligation.state is not ObligationState.OPEN:
        return None
    if view.person.hold is not None and on_hold(view):
        facts = (_hold_fact(view.person.hold),)
        return Found(at=view.known_since(obligation), next_action="call_before_deadline", facts=facts)
    if ways_left(view, obligation) or obligation.evidence >= Evidence.E3 or only_a_letter_too_late(view, obligation):
        return None
    if any(_under_way(attempt) for attempt in view.tries_of(obligation)):
        return None
    if any(says(view, obligation) is not None for says in (unreachable, contact_dead, wrong_person)):
        return None
    return Found(at=view.known_since(obligation), next_action="fix_contact")


def unreachable(view: View, obligation: Obligation) -> Found | None:
    """Every channel that could be used has failed hard, and nothing is under way; a letter that would come too late is no way (§10.2)."""
    tries = view.tries_of(obligation)
    if obligation.state is not ObligationState.OPEN or obligation.evidence >= Evidence.E2 or not tries:
        return None
    if ways_left(view, obligation):
        return None
    if any(attempt.state is not AttemptState.FAILED for attempt in tries):
        return None
    if not any(attempt.last_status in _HARD for attempt in tries):
        return None
    return Found(at=view.now, next_action="call_before_deadline")


def on_hold(view: View) -> bool:
    """Does nobody write to this person now (§10.17)?"""
    hold = view.person.hold
    return hold is not None and (hold.until is None or view.now < hold_ends(view, hold.until))


def held_back(view: View, plan: Plan) -> Plan:
    """What is wanted of somebody on hold: nothing leaves, each message is left out at its instant.

    The hold's end is looked at again: a first notice is still useful then, a step whose instant has passed is not (§10.17).
    """
    hold = view.person.hold
    return Plan(
        omissions=[
            Omission(
                obligation=intent.obligation,
                step=intent.step,
                occurrence=intent.occurrence,
                channel=intent.channel,
                reason=Why.ON_HOLD,
                at=intent.at,
                contact_id=intent.contact_id,
            )
            for intent in plan.intents
        ],
        wakes=[hold_ends(view, hold.until)] if hold is not None and hold.until is not None else [],
    )


def hold_ends(view: View, until: date) -> datetime:
    """The hold ends at the start of the local day ``until`` (§10.17)."""
    return view.residence.instant(until, time(0))


_WAITING = frozenset({AttemptState.RELEASED, AttemptState.SUBMITTING, AttemptState.ACCEPTED})
_HARD = frozenset({ReceiptStatus.FAILED_HARD, ReceiptStatus.RETURNED, ReceiptStatus.WRONG_PERSON})


def ways_left(view: View, obligation: Obligation) -> bool:
    """Is there a channel that can still carry word of this duty: usable (§10.9), in time for a letter (§10.2), its words can be made?"""
    # asked of every duty at every look: a generator would take three times as long
    for channel in view.reach.order:
        if view.messages.writable(obligation, channel) and (channel is not Channel.LETTER or _paper_is_in_time(view, obligation)):
            return True
    return False


def only_a_letter_too_late(view: View, obligation: Obligation) -> bool:
    """Nothing but a letter was ever possible, and it is past its limit: SHORT_NOTICE says so, NO_CHANNEL does not (§10.2)."""
    if obligation.kind is Kind.ACTUALISATION or view.reach.order != (Channel.LETTER,) or view.tries_of(obligation):
        return False
    return view.known_since(obligation) > letter_limit_of(view, obligation).submit_by


def _paper_is_in_time(view: View, obligation: Obligation) -> bool:
    if obligation.kind is Kind.ACTUALISATION:
        return view.now <= letters_until(view, obligation)
    return view.now <= letter_limit_of(view, obligation).submit_by


def _under_way(attempt: Attempt) -> bool:
    """It waits for somebody, a provider or a receipt; what a mailbox took is over."""
    return attempt.state in _WAITING and not (attempt.channel is Channel.EMAIL and attempt.state is AttemptState.ACCEPTED)


def _hold_fact(hold: Hold) -> Fact:
    return Fact(code="hold", parameters={"reason": hold.reason, "until": hold.until.isoformat() if hold.until else ""})
