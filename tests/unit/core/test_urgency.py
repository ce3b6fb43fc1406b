"""How urgent an alert is, until when to act, and on whose list it stands (§10.8, §10.13)."""

from dataclasses import replace

import pytest

from services.core.alerts.found import Found, act_by, severity_changes, severity_of
from services.core.alerts.routing import route
from services.core.environment import Environment
from services.core.model import Advisor, Agency
from services.core.words import (
    Routed,
    Severity,
)
from tests.unit.core.scene import (
    NOW,
    case,
    day,
    environment,
    meeting,
    paris,
    person,
    view,
)

_FOUND = Found(at=NOW, next_action="call_now")


@pytest.mark.parametrize(
    ("now", "deadline", "severity"),
    [
        # (today, date of the deadline]: Tuesday 1 December seen from the days before
        (("2026-12-01", "08:00"), ("2026-12-01", "10:30"), Severity.CRITICAL),
        (("2026-11-30", "08:00"), ("2026-12-01", "10:30"), Severity.CRITICAL),
        (("2026-11-27", "08:00"), ("2026-12-01", "10:30"), Severity.HIGH),
        (("2026-11-26", "08:00"), ("2026-12-01", "10:30"), Severity.HIGH),
        (("2026-11-25", "08:00"), ("2026-12-01", "10:30"), Severity.MEDIUM),
        # the weekend counts for nothing
        (("2026-11-28", "08:00"), ("2026-11-30", "10:30"), Severity.CRITICAL),
        # Christmas neither
        (("2026-12-24", "08:00"), ("2026-12-28", "10:30"), Severity.CRITICAL),
        (("2026-12-23", "08:00"), ("2026-12-28", "10:30"), Severity.HIGH),
        # past
        (("2026-12-02", "08:00"), ("2026-12-01", "10:30"), Severity.CRITICAL),
    ],
)
def test_severity_by_the_working_days_that_are_left(now: tuple[str, str], deadline: tuple[str, str], severity: Severity) -> None:
    """One or none critical, up to three high, more medium."""
    assert severity_of(view(case(meeting()), paris(*now)), paris(*deadline), _FOUND) is severity


def test_some_alerts_have_a_severity_of_their_own() -> None:
    """Fixed, or at least."""
    seen = view(case(meeting()), NOW)
    assert severity_of(seen, NOW, replace(_FOUND, severity=Severity.INFO)) is Severity.INFO
    assert severity_of(seen, paris("2026-12-31"), replace(_FOUND, at_least=Severity.HIGH)) is Severity.HIGH


def test_a_closure_of_the_agency_is_no_working_day() -> None:
    """A bridge before the weekend makes Wednesday the last day but one."""
    agency = Agency(agency_id="agence", name="A", phone="3949", address="x", postal_code="75000", closures=(day("2026-11-27"),))
    env = replace(environment(), agencies={"agence": agency}, _working={})
    seen = view(case(meeting()), paris("2026-11-26", "08:00"), env)
    assert severity_of(seen, paris("2026-11-30", "10:00"), _FOUND) is Severity.CRITICAL


def test_when_an_alert_becomes_more_severe() -> None:
    """At 08:00 of the first working day with fewer days left; then never again."""
    deadline = paris("2026-12-08", "10:00")
    assert severity_changes(view(case(meeting()), paris("2026-11-30", "12:00")), deadline) == paris("2026-12-03", "08:00")
    assert severity_changes(view(case(meeting()), paris("2026-12-03", "12:00")), deadline) == paris("2026-12-07", "08:00")
    assert severity_changes(view(case(meeting()), paris("2026-12-07", "12:00")), deadline) is None


def test_until_when_to_act() -> None:
    """The end of the last working day before the duty; the duty itself when that is past."""
    assert act_by(view(case(meeting()), NOW), paris("2026-12-07", "10:00")) == paris("2026-12-04", "18:00")
    assert act_by(view(case(meeting()), paris("2026-12-06", "10:00")), paris("2026-12-07", "10:00")) == paris("2026-12-07", "10:00")
    assert act_by(view(case(meeting()), paris("2026-12-08", "10:00")), paris("2026-12-07", "10:00")) == paris("2026-12-08", "10:00")


@pytest.mark.parametrize(
    ("referent", "backup", "advisor", "to"),
    [
        ("adv", "bak", None, ("adv", Routed.REFERENT)),
        ("away", "bak", None, ("bak", Routed.BACKUP)),
        ("left", "bak", None, ("bak", Routed.BACKUP)),
        ("nobody", "bak", None, ("bak", Routed.BACKUP)),
        ("away", None, None, ("bak", Routed.BACKUP)),
        ("away", "left", None, (None, Routed.AGENCY)),
        ("nobody", None, None, (None, Routed.AGENCY)),
        ("adv", "bak", "bak", ("bak", Routed.REFERENT)),
        ("adv", None, "left", (None, Routed.AGENCY)),
    ],
)
def test_whose_list(referent: str, backup: str | None, advisor: str | None, to: tuple[str | None, Routed]) -> None:
    """The référent; absent, inactive or missing, the back-up; else the agency's queue. Never dropped (SC-15, SC-47)."""
    rows = [
        Advisor(advisor_id="adv", name="A", agency_id="agence", email="a@x.example"),
        Advisor(advisor_id="bak", name="B", agency_id="agence", email="b@x.example"),
        Advisor(
            advisor_id="away",
            name="C",
            agency_id="agence",
            email="c@x.example",
            backup_id="bak",
            absences=((day("2026-11-20"), day("2026-11-20")),),
        ),
        Advisor(advisor_id="left", name="D", agency_id="agence", email="d@x.example", active=False),
    ]
    env: Environment = replace(environment(), advisors={row.advisor_id: row for row in rows})
    seen = view(case(meeting(), who=person(referent_id=referent, backup_id=backup)), NOW, env)
    place = route(seen, advisor or referent)
    assert (place.advisor_id, place.routed) == to
