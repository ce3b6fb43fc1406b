"""The date has passed: what the advisor is told of an actualisation that was not done (§10.5)."""

from services.core.alerts.after_date import actualisation_missed
from services.core.alerts.found import Found
from services.core.model import Fact
from services.core.words import Evidence, ObligationState
from tests.unit.core.scene import actualisation, case, paris, view


def test_an_actualisation_that_was_missed_has_its_dossier() -> None:
    """The next working day at 08:00, with the level of proof; somebody calls before that day is over."""
    lapsed = actualisation(state=ObligationState.LAPSED, evidence=Evidence.E2)
    assert actualisation_missed(view(case(lapsed)), lapsed) == Found(
        at=paris("2026-12-16", "08:00"),
        next_action="explain_registration",
        facts=(Fact(code="evidence", parameters={"level": "E2"}),),
        act_by=paris("2026-12-16", "18:00"),
    )
    waiting = actualisation()
    assert actualisation_missed(view(case(waiting)), waiting) is None
