"""Nobody is left without a channel or a human (R5, §10.1.6): NO_CHANNEL, UNREACHABLE, and people on hold (§10.17)."""

from datetime import date, datetime, time

from services.core.alerts.found import Found
from services.core.decision import Omission, Plan
from services.core.meeting.first_notice import letter_cannot_arrive
from services.core.model import Fact, Hold, Obligation
from services.core.states import SETTLED
from services.core.view import View
from services.core.words import AttemptState, Channel, Evidence, Kind, ObligationState, ReceiptStatus, Why


def no_channel(view: View, obligation: Obligation) -> Found | None:
    """Nothing can be used, and nothing is under way or has arrived: the advisor hears of it at planning (≤ 5 minutes).

    What failed hard is told as ``unreachable``; after softer failures the last channel may go too, by a word of the directory.
    """
    if obligation.state in SETTLED or obligation.state is not ObligationState.OPEN:
        return None
    if view.person.hold is not None and on_hold(view):
        facts = (_hold_fact(view.person.hold),)
        return Found(at=view.known_since(obligation), next_action="call_before_deadline", facts=facts)
    tries = view.tries_of(obligation)
    if view.reach.order or any(attempt.state is not AttemptState.FAILED or attempt.last_status in _HARD for attempt in tries):
        return None
    return Found(at=view.known_since(obligation), next_action="fix_contact")


def unreachable(view: View, obligation: Obligation) -> Found | None:
    """Every channel that could be used has failed hard, and nothing is under way."""
    tries = view.tries_of(obligation)
    if obligation.state is not ObligationState.OPEN or obligation.evidence >= Evidence.E2 or not tries:
        return None
    if view.reach.order and not _only_a_letter_too_late(view, obligation):
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


_HARD = frozenset({ReceiptStatus.FAILED_HARD, ReceiptStatus.RETURNED, ReceiptStatus.WRONG_PERSON})


def _only_a_letter_too_late(view: View, obligation: Obligation) -> bool:
    if view.reach.order != (Channel.LETTER,):
        return False
    return obligation.kind is Kind.ACTUALISATION or letter_cannot_arrive(view, obligation)


def _hold_fact(hold: Hold) -> Fact:
    return Fact(code="hold", parameters={"reason": hold.reason, "until": hold.until.isoformat() if hold.until else ""})
