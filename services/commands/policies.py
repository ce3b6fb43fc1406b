"""The rules' numbers are looked at before anything starts: a mistake in them is a wrong setting."""

from services.adapters.policy import SHIPPED, PolicyError, load_policy
from services.runtime.errors import Mistake, WrongSettings
from services.runtime.settings import Settings


def check_policy(settings: Settings) -> None:
    """Raises ``WrongSettings`` with every mistake of the policy file."""
    try:
        load_policy(settings.policy_file or SHIPPED)
    except PolicyError as problem:
        raise WrongSettings([Mistake(name="POLICY_FILE", problem=mistake) for mistake in problem.mistakes]) from None
