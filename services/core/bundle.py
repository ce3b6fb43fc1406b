"""Several duties of one person in one message (§10.15): what is due on one day travels together, and reminders make room.

Pure choice among what the ladders want; ``decide()`` releases it as one attempt, which every cap counts once.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.core.decision import Intent, Plan
from services.core.meeting.change import announced_as_cancelled
from services.core.model import ContactId, ObligationId
from services.core.view import View
from services.core.words import Channel, Kind, Step

#: rungs of a meeting that one message may say together; the letter of a formal convocation stays alone
_NOTICES = frozenset({Step.N0, Step.R1, Step.R2, Step.R3, Step.F})
#: word of a change: only with the same word about another meeting
_CHANGES = frozenset({Step.CORRECTIVE, Step.CANCELLATION})
#: steps of an open period that an SMS about a meeting may name too
_REMINDERS = frozenset({Step.A0, Step.A1, Step.A2, Step.A3, Step.A4, Step.A5})


def together(view: View, lead: Intent, plans: Iterable[Plan]) -> tuple[Intent, ...]:
    """The intents that leave in one message with ``lead``, itself included, the most urgent duty first; one for each duty.

    An SMS takes along what else this day has for the same telephone, because a person gets one a day (§10.4); other channels take
    along what is due now. The policy says how many duties a message may name.
    """
    others = [intent for plan in plans for intent in plan.intents if _may_share(view, lead, intent)]
    found: dict[ObligationId, Intent] = {lead.obligation.obligation_id: lead}
    for intent in sorted(others, key=urgency):
        kinds = {one.obligation.kind for one in found.values()}
        second_period = intent.obligation.kind is Kind.ACTUALISATION and Kind.ACTUALISATION in kinds
        if len(found) < view.policy.bundle.duties[lead.channel] and not second_period:
            found.setdefault(intent.obligation.obligation_id, intent)
    return tuple(sorted(found.values(), key=lambda intent: (intent.obligation.due_at, intent.obligation.obligation_id)))


def urgency(intent: Intent) -> tuple[bool, datetime, datetime, str]:
    """Sorts what is due: the soonest duty first (§10.15), after the question whether a new point is theirs (§10.7)."""
    return intent.obligation.kind is not Kind.CONTACT, intent.obligation.due_at, intent.at, intent.obligation.obligation_id


def making_room(view: View, plans: Iterable[Plan]) -> View:
    """The view in which steps of an actualisation see the days on which other duties mean to write by SMS (§10.15)."""
    days = {
        view.local_day(max(intent.at, view.now))
        for plan in plans
        for intent in plan.intents
        if intent.channel is Channel.SMS and intent.step in _NOTICES
    }
    return replace(view, sms_days=frozenset(days)) if days else view


def contact_of(view: View, intent: Intent) -> ContactId:
    """The point that the message goes to."""
    return intent.contact_id or view.reach.contacts[intent.channel].contact_id


def _may_share(view: View, lead: Intent, other: Intent) -> bool:
    if other.obligation.obligation_id == lead.obligation.obligation_id or other.channel is not lead.channel:
        return False
    if contact_of(view, lead) != contact_of(view, other) or not _same_words(view, lead, other) or not _same_clock(view, lead, other):
        return False
    return other.at <= view.now or _later_today(view, other)


def _later_today(view: View, intent: Intent) -> bool:
    """An SMS that would come later on this day comes now; what was said of a change, and the second of the last day, keep their hour."""
    keeps_its_hour = intent.step in _CHANGES or (intent.step is Step.A5 and intent.occurrence > 1)
    if intent.channel is not Channel.SMS or keeps_its_hour:
        return False
    return view.local_day(intent.at) == view.local_day(view.now)


def _same_clock(view: View, lead: Intent, other: Intent) -> bool:
    """One message says all its hours on one clock."""
    home = view.person.postal_code
    return view.env.zone_of(lead.obligation, home) == view.env.zone_of(other.obligation, home)


def _same_words(view: View, lead: Intent, other: Intent) -> bool:
    if lead.step in _CHANGES or other.step in _CHANGES:
        reopened = announced_as_cancelled(view.case, lead.obligation) == announced_as_cancelled(view.case, other.obligation)
        return lead.step is other.step and reopened
    shareable = _NOTICES | _REMINDERS if lead.channel is Channel.SMS else _NOTICES
    return lead.step in shareable and other.step in shareable
