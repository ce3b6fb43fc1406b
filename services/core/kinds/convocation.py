"""A convocation: a mandatory meeting whose reception the administration must prove (Conseil d'État, 12 June 1995, « Gabrielle »).

It differs from an appointment in its numbers only (policy): 24 hours of silence instead of 48, UNCONFIRMED three working days
before instead of one, a letter the same day when its legal value is formal.

Next: services/relay/relay.py
"""

from services.core.decision import Plan
from services.core.meeting.ladder import meeting_plan
from services.core.model import Obligation
from services.core.view import View


def plan(view: View, obligation: Obligation) -> Plan:
    """First notice, fallback, reminders (§10.5)."""
    return meeting_plan(view, obligation)
