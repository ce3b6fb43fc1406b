"""A contact point asks something of us: is it theirs (verification), or does its old value know that it was replaced (§10.7)?

One message, without any content, on the one channel that the point serves; outside the caps, inside the window, without jitter.
"""

from services.core.channels.windows import next_opening
from services.core.decision import Intent, Plan
from services.core.evidence.contacts import asks_for, point_of, use_of
from services.core.meeting.reminders import settled
from services.core.model import Obligation
from services.core.view import View
from services.core.words import Channel, ObligationState


def plan(view: View, obligation: Obligation) -> Plan:
    """The one message of this question, until its answer is not waited for any more."""
    plan = Plan()
    point = point_of(view.case, obligation)
    if point is None or obligation.state is not ObligationState.OPEN or view.now >= obligation.due_at:
        return plan
    step = asks_for(point)
    channel = use_of(point, view.person, step)
    if channel is None or not view.messages.writable(obligation, channel) or (step, 1) in settled(view.all_of(obligation), obligation):
        return plan
    at, until = next_opening(view.policy, channel, view.residence, max(view.known_since(obligation), view.now))
    until = obligation.due_at if channel is Channel.LETTER else min(until, obligation.due_at)
    if at <= until:
        plan.intents.append(
            Intent(
                obligation=obligation,
                step=step,
                channel=channel,
                at=at,
                not_after=until,
                cause=str(step),
                chosen_by="the_point_itself",
                contact_id=point.contact_id,
            )
        )
    return plan
