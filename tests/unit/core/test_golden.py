"""The remarks of the golden table of periods (rules §13): which day is really the first, and what becomes of J-5.

The other golden values stand with what they are about: opening and closing in test_period.py, letters in test_leadtime.py, SMS in
test_gsm7.py, addresses in test_addresses.py, territories in test_territory.py, holidays in test_calendars.py, numbers in test_phones.py.
"""

import pytest

from services.core.decide import decide
from services.core.model import Contact
from services.core.words import Step
from tests.unit.core.scene import actualisation, case, environment, landline, mobile, person, residence


def _on(period: str, step: Step, point: Contact) -> str:
    """The day of a step, for somebody who asked to be told of the opening."""
    duty = actualisation(period)
    decision = decide(case(duty, who=person(asked_opening_notice=True), contacts=(point,)), environment(), duty.known_at)
    (at,) = (one.at for one in decision.outlooks[0].ahead if one.step is step)
    return f"{residence().local(at):%a %d/%m/%y}"


@pytest.mark.parametrize(
    ("period", "first", "by_sms", "by_voice"),
    [
        # opens on a Saturday
        ("2026-11", "Mon 30/11/26", "Thu 10/12/26", "Thu 10/12/26"),
        # J-5 is a Sunday
        ("2026-12", "Mon 28/12/26", "Sat 09/01/27", "Fri 08/01/27"),
        ("2027-01", "Thu 28/01/27", "Wed 10/02/27", "Wed 10/02/27"),
        ("2027-02", "Fri 26/02/27", "Wed 10/03/27", "Wed 10/03/27"),
        # opens on Easter Sunday, in the night of the change of clocks; J-5 is a Saturday
        ("2027-03", "Tue 30/03/27", "Sat 10/04/27", "Fri 09/04/27"),
    ],
)
def test_the_first_contactable_weekday_and_the_fifth_before_the_end(period: str, first: str, by_sms: str, by_voice: str) -> None:
    """A0 waits for a weekday that is no holiday; A2 goes on J-5, earlier when that day is closed to its channel (§10.5, SC-31)."""
    assert _on(period, Step.A0, mobile()) == first
    assert _on(period, Step.A2, mobile()) == by_sms
    assert _on(period, Step.A2, landline()) == by_voice
