"""Chaos in small: every fault at least once, over every seed that once found something and one that did not."""

from pathlib import Path

import pytest

from tests.chaos.calm import Unrest
from tests.chaos.run import Plan, play
from tests.chaos.script import Fault
from tests.chaos.seeds import kept

pytestmark = [pytest.mark.stack, pytest.mark.slow]
SMALL = Plan(seed=1, obligations=300, faults=20)


class Silent:
    """Implements ``tests.chaos.run.Teller`` for nobody."""

    def stage(self, what: str) -> None:
        """See ``Teller.stage``."""

    def fault(self, fault: Fault, number: int) -> None:
        """See ``Teller.fault``."""

    def published(self, duties: int, messages: int) -> None:
        """See ``Teller.published``."""

    def unrest(self, unrest: Unrest) -> None:
        """See ``Teller.unrest``."""


@pytest.mark.parametrize("plan", [SMALL, *kept()], ids=lambda plan: f"seed {plan.seed}")
async def test_whatever_goes_wrong_what_may_never_happen_does_not(plan: Plan) -> None:
    """Two copies of everything are killed, frozen and misled, servers and providers fail: counted from outside, 0 everywhere (§10.1.5)."""
    outcome = await play(plan, Silent())
    logs = "" if outcome.logs is None else "\n".join(_end(path) for path in sorted(outcome.logs.glob("*.log")))
    assert outcome.unrest == "calm", logs
    assert outcome.verdict.good, f"{outcome.verdict.examples}\n{logs}"
    assert outcome.verdict.became["at a provider"] > plan.obligations / 2
    assert outcome.done.total() > plan.faults / 2


def _end(log: Path) -> str:
    return f"--- {log.name}\n{log.read_text('utf-8')[-1500:]}"
