"""What the planner would decide for one person from now on, for whoever wants to look: nothing is stored."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.core.environment import Environment
from services.core.explaining.branches import Forecast, forecasts
from services.core.model import Case
from services.core.ports.store import Store
from services.core.ports.texts import Texts
from services.planner.record import record


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """Callable: a case and an instant in, the branches of its future out; the staff are the stored ones."""

    store: Store
    texts: Texts
    snapshot: Callable[[datetime], Environment]

    async def __call__(self, case: Case, now: datetime) -> tuple[Forecast, ...]:
        """Raises ``StoreUnavailable``, and what ``decide()`` raises."""
        async with self.store.unit() as unit:
            staff = await unit.staff()
        environment = self.snapshot(now).with_staff(staff.agencies, staff.advisors)
        return forecasts(case, environment, now, partial(record, texts=self.texts))
