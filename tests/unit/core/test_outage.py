"""A meeting of which we heard when nothing could be said of it any more, and what the advisor is told then (§10.5)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.decide import decide
from services.core.outage import told_too_late
from services.core.words import AlertType
from tests.unit.core.scene import NOW, case, environment, meeting

POLICY = environment().policy


@pytest.mark.parametrize(
    ("waited", "left", "outage"),
    [
        # an SMS is of use until an hour before the date
        (timedelta(hours=70), timedelta(minutes=60), True),
        (timedelta(hours=70), timedelta(minutes=61), False),
        (timedelta(hours=70), timedelta(hours=-2), True),
        # fifteen minutes on the way are no outage
        (timedelta(minutes=15), timedelta(minutes=50), False),
        (timedelta(minutes=16), timedelta(minutes=50), True),
        # nothing would have been of use when it was published either
        (timedelta(minutes=16), timedelta(minutes=44), False),
    ],
)
def test_told_too_late(waited: timedelta, left: timedelta, outage: bool) -> None:
    """It was published in time, and by the time we read it no message is of use: since then it is our outage."""
    assert told_too_late(NOW - waited, NOW, NOW + left, POLICY) == (NOW - waited if outage else None)


def test_the_advisor_reads_that_it_was_us() -> None:
    """Before the date the outage is a fact beside the others; after it the person is called all the same, by the end of this day."""
    since = NOW - timedelta(hours=60)
    ahead = replace(meeting(), due_at=NOW + timedelta(hours=3), known_at=NOW, outage_at=since)
    (wanted,) = [one for one in decide(case(ahead), environment(), NOW).alerts if one.type is AlertType.SHORT_NOTICE]
    assert [fact.parameters["at"] for fact in wanted.known if fact.code == "outage"] == [since.isoformat()]
    assert wanted.next_action == "call_now"
    past = replace(ahead, due_at=NOW - timedelta(hours=1))
    (wanted,) = [one for one in decide(case(past), environment(), NOW).alerts if one.type is AlertType.SHORT_NOTICE]
    assert wanted.next_action == "call_after_outage"
    assert wanted.act_by > NOW
    assert [fact.code for fact in wanted.known].count("outage") == 1
