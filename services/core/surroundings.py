"""The environment of an instant as a unit sees it: the policy and its calendars, the staff as stored, what open alarms change."""

from collections.abc import Callable
from datetime import datetime

from services.core.alarms import standing_of
from services.core.environment import Environment
from services.core.ports.store import Unit

#: the environment of an instant without what is stored
Snapshot = Callable[[datetime], Environment]


async def environment_at(unit: Unit, snapshot: Snapshot, now: datetime) -> Environment:
    """Everything that a decision at ``now`` reads beside the case. Raises ``StoreUnavailable``."""
    staff, alarms = await unit.staff(), await unit.alarms(now)
    environment = snapshot(now).with_staff(staff.agencies, staff.advisors)
    return environment.with_standing(standing_of(alarms, now, environment.standing.providers))
