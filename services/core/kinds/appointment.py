"""An appointment: a meeting, mandatory or not. The ladder is the meetings' own."""

from services.core.decision import Plan
from services.core.meeting.ladder import meeting_plan
from services.core.model import Obligation
from services.core.view import View


def plan(view: View, obligation: Obligation) -> Plan:
    """First notice, fallback, reminders (§10.5)."""
    return meeting_plan(view, obligation)
