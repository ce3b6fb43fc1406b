"""A step of the rules' numbers that nobody ever reaches is a warning at start."""

from typing import TYPE_CHECKING

import structlog

from services.adapters.clock import SystemClock
from services.adapters.policy import load_policy
from services.core.policy import Policy
from services.runtime.settings import Settings

if TYPE_CHECKING:
    from services.core.explaining.reachability import Unreachable

_log = structlog.get_logger("policy")


def warn_of_dead_steps(settings: Settings) -> None:
    """One line in the log for each step of the operator's policy that nobody can ever reach; the logs must have been set up.

    The shipped policy has none: its own tests say so, and looking takes most of a second.
    """
    if settings.policy_file is None:
        return
    for step in dead_steps(load_policy(settings.policy_file)):
        _log.warning("a step of the policy can never be reached", action="check_policy", setting=step.name, reason=step.why)


def dead_steps(policy: Policy) -> "tuple[Unreachable, ...]":
    """What nobody would ever notice, over the lives of this year."""
    # holidays, templates and ladders: too much for processes that need none of them
    from services.adapters.calendars import holidays_of
    from services.commands.wordless import RECORD
    from services.core.environment import Environment
    from services.core.explaining.reachability import unreachable_steps

    year = SystemClock().now().year
    return unreachable_steps(Environment(policy=policy, holidays=holidays_of(range(year - 1, year + 3))), RECORD, year)
