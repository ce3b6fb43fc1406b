"""What is planned for one person, for the advisor's page: the branches of a preview, each line on the person's clock (R8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from services.core.explaining.branches import TOLD, Branch, Forecast
from services.core.model import Case
from services.web.render import local
from services.web.zones import zone_of_person

_LOG = structlog.get_logger("web")


class Foresee(Protocol):
    """Answered by the planner's side: the same decisions, folded over imagined futures."""

    async def __call__(self, case: Case, now: datetime) -> Sequence[Forecast]:
        """Every branch of this person's future; nothing is stored. Raises ``StoreUnavailable``, and what a decision raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One line: when, and a journal line's word and fields."""

    at: datetime
    what: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchView:
    """One branch; without a line when nothing is planned."""

    branch: Branch
    lines: tuple[Planned, ...]


async def ahead(foresee: Foresee, case: Case, now: datetime) -> tuple[BranchView, ...]:
    """The branches to show; none when the future cannot be imagined: whatever is wrong with it, the advisor still sees the past."""
    if case.person is None:
        return ()
    zone = zone_of_person(case.person)
    try:
        found = await foresee(case, now)
    except Exception:  # noqa: BLE001  see above
        _LOG.exception("a preview failed", action="foresee", person_id=case.person_id)
        return ()
    return tuple(
        BranchView(
            branch=one.branch,
            lines=tuple(Planned(at=local(line.at, zone), what=line.what, fields=line.fields) for line in one.lines if line.what in TOLD),
        )
        for one in found
    )
