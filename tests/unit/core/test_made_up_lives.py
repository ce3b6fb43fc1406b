"""How a policy is tried on lives that are made up: which lives, what is noticed in them, and how a dead step is worded."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from services.adapters.policy import load_policy
from services.core.changes import JournalLine
from services.core.environment import Environment
from services.core.explaining import reachability
from services.core.explaining.reachability import Unreachable
from services.core.model import Agency, Case, Contact, ContactId, Obligation, ObligationId, Person, PersonId
from services.core.words import Channel, Constraint, DeclaredBy, Kind, LineType, ObligationState, PointKind, Step
from tests.unit.core.scene import appointment, environment, meeting, paris

_D, _H = timedelta(days=1), timedelta(hours=1)
_AGENCY = Agency(agency_id="agency", name="", phone="", address="", postal_code="75000")
_SOMEBODY = PersonId("somebody")
_POLICY = load_policy()


def _env() -> Environment:
    return Environment(policy=_POLICY, holidays=environment().holidays, agencies={"agency": _AGENCY})


def _life(known_at: datetime, constraints: tuple[Constraint, ...] = (), **duty: Any) -> Case:
    row = {"person_id": _SOMEBODY, "revision": 1, "last_revision": 1, "state": ObligationState.OPEN, "mandatory": True, **duty}
    points = [(PointKind.PHONE, LineType.MOBILE), (PointKind.EMAIL, None), (PointKind.POSTAL, None)]
    return Case(
        person_id=_SOMEBODY,
        person=Person(
            person_id=_SOMEBODY,
            revision=1,
            known_at=known_at,
            first_name="",
            last_name="",
            postal_code="75000",
            preferred_channel=Channel.SMS,
            constraints=constraints,
            asked_opening_notice=True,
            referent_id="",
            agency_id="agency",
        ),
        contacts=tuple(
            Contact(
                contact_id=ContactId(str(kind)),
                person_id=_SOMEBODY,
                kind=kind,
                line_type=line,
                declared_by=DeclaredBy.SELF,
                verified_at=known_at,
            )
            for kind, line in points
        ),
        obligations=(Obligation(known_at=known_at, changed_at=known_at, **row),),
    )


def test_the_first_meetings_of_a_year() -> None:
    """A convocation in the morning and an appointment in the afternoon, known twelve days before, from the sixty-first day of the year."""
    first, second = list(reachability._meeting_lives(_env(), 2026))[:2]
    due = paris("2026-03-02", "10:30")
    assert first == (
        _life(due - 12 * _D, obligation_id=ObligationId("convocation:20260302"), kind=Kind.CONVOCATION, due_at=due),
        due - 12 * _D,
    )
    due = paris("2026-03-02", "14:00")
    assert second == (
        _life(due - 12 * _D, obligation_id=ObligationId("appointment:20260302"), kind=Kind.APPOINTMENT, due_at=due),
        due - 12 * _D,
    )


def test_meetings_of_every_weekday_and_season() -> None:
    """Working days of one year, eight days apart, each announced twelve, sixty, four days and a day and two hours before."""
    lives = list(reachability._meeting_lives(_env(), 2026))
    duties = [(case.obligations[0], now) for case, now in lives]
    days = [paris("2026-03-02", "12:00").date() + n * 8 * _D for n in range(44)]
    worked = [day for day in days if day.year == 2026 and environment().working_days("agence").is_working(day)]
    assert {day.weekday() for day in worked} == set(range(5))
    assert [row.due_at.date() for row, _ in duties] == [day for _ in range(4) for day in worked for _ in range(2)]
    leads = list(dict.fromkeys(row.due_at - now for row, now in duties))
    assert leads == [12 * _D, 60 * _D, 4 * _D, _D + 2 * _H]
    assert worked[-1] == date(2026, 12, 31)


def test_a_year_of_months() -> None:
    """Every period of the year, first for somebody without internet, then for somebody with it, known from its opening."""
    lives = list(reachability._month_lives(_env(), 2026))
    november: dict[str, Any] = {
        "obligation_id": ObligationId("actualisation:20261215"),
        "kind": Kind.ACTUALISATION,
        "due_at": paris("2026-12-15", "23:59:59"),
        "opens_at": paris("2026-11-28"),
        "period": "2026-11",
    }
    opens = paris("2026-11-28")
    assert lives[10] == (_life(opens, (Constraint.NO_INTERNET,), **november), opens)
    assert lives[22] == (_life(opens, **november), opens)
    assert [case.obligations[0].period for case, _ in lives] == [f"2026-{month:02d}" for month in range(1, 13)] * 2


def _line(what: str, at: datetime, **fields: object) -> JournalLine:
    return JournalLine(at=at, what=what, fields=fields)


def test_what_is_noticed_in_a_life() -> None:
    """Which steps left, why others did not, and which alerts came at their own hour: later than the duty was known."""
    duty = meeting(kind=Kind.ACTUALISATION)
    seen, at = reachability._Seen(), duty.known_at + _H
    lines = [
        _line("sent", at, step="A5", occurrence=2),
        _line("sent", at, step="A1", occurrence=1),
        _line("skipped", at, step="A2", reason="cap_reached"),
        _line("skipped", at, step="A2", reason="too_late"),
        _line("skipped", at, step="A2", reason="too_late"),
        _line("skipped", at, step="A3", reason="too_late"),
        _line("alert", at, type="ACTUALISATION_AT_RISK"),
        _line("alert", duty.known_at, type="ACTUALISATION_LAST_DAY"),
        _line("state", at, step="A4", occurrence=1, type="ACTUALISATION_MISSED"),
    ]
    reachability._note(_env(), seen, duty, lines)
    assert seen == reachability._Seen(
        lives=0,
        sent={("A5", 2), ("A1", 1)},
        on_time={("ACTUALISATION_AT_RISK", Kind.ACTUALISATION)},
        skipped={"A2": Counter(cap_reached=1, too_late=2), "A3": Counter(too_late=1)},
    )


@pytest.mark.parametrize(
    ("duty", "own"),
    # three working days before the Tuesday at 08:00; one working day before at 09:00
    [(meeting(), paris("2026-11-26", "08:00")), (appointment(), paris("2026-11-30", "09:00"))],
)
def test_unconfirmed_has_its_own_hour(duty: Obligation, own: datetime) -> None:
    """Raised at any other instant it is late, whatever the reason (§10.5)."""
    hours = [own - _H, own, own + _H]
    assert [reachability._at_its_hour(_env(), duty, "UNCONFIRMED", at) for at in hours] == [False, True, False]
    later = [duty.known_at, duty.known_at + _H / 3600]
    assert [reachability._at_its_hour(_env(), duty, "UNREACHABLE", at) for at in later] == [False, True]


def test_a_search_ends_when_all_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound policy takes a few lives; without an end, every life there is."""
    lives = [(_life(at, obligation_id=ObligationId(f"cv:{n}"), kind=Kind.CONVOCATION, due_at=at + _D), at) for n, at in _instants()]

    def journal(case: Case, *_: object) -> list[JournalLine]:
        return [_line("sent", case.obligations[0].known_at, step=f"R{case.obligations[0].obligation_id[-1]}", occurrence=1)]

    monkeypatch.setattr(reachability, "preview", journal)
    record = lambda *_: None  # noqa: E731
    found = reachability._look(_env(), record, iter(lives), {("R1", 1)})
    assert found == reachability._Seen(lives=2, sent={("R0", 1), ("R1", 1)})
    found = reachability._look(_env(), record, iter(lives), {("R1", 1), ("R3", 2)})
    assert found == reachability._Seen(lives=3, sent={("R0", 1), ("R1", 1), ("R2", 1)})


def _instants() -> list[tuple[int, datetime]]:
    return [(n, paris("2026-11-20", "16:00") + n * _D) for n in range(3)]


def test_what_is_looked_for() -> None:
    """Every rung of the two ladders, with its occurrence, and every alert that has an hour of its own."""
    assert reachability._wanted_of_meetings(_POLICY) == {
        ("R1", 1),
        ("R2", 1),
        ("R3", 1),
        ("UNCONFIRMED", Kind.CONVOCATION),
        ("UNCONFIRMED", Kind.APPOINTMENT),
    }
    lists = {("ACTUALISATION_AT_RISK", Kind.ACTUALISATION), ("ACTUALISATION_LAST_DAY", Kind.ACTUALISATION)}
    rungs = {("A0", 1), ("A1", 1), ("A2", 1), ("A3", 1), ("A4", 1), ("A5", 1), ("A5", 2)}
    assert reachability._wanted_of_months(_POLICY) == {*rungs, *lists, ("ACTUALISATION_MISSED", Kind.ACTUALISATION)}


def test_a_cap_of_nothing_is_named() -> None:
    """By its dotted name in the file, for a duty and for a person."""
    caps = _POLICY.caps
    none = replace(
        caps,
        meeting={**caps.meeting, Channel.VOICE: 0},
        actualisation={**caps.actualisation, Channel.EMAIL: 0},
        person=replace(caps.person, sms_per_day=0),
    )
    assert list(reachability._zero_caps(_POLICY)) == []
    assert list(reachability._zero_caps(replace(_POLICY, caps=none))) == [
        Unreachable(name="caps.meeting.voice", why="is 0: nothing about this duty ever goes by voice"),
        Unreachable(name="caps.actualisation.email", why="is 0: nothing about this duty ever goes by email"),
        Unreachable(name="caps.person.sms_per_day", why="is 0: the channel is never used"),
    ]


def test_twins_are_named() -> None:
    """The later of two rungs that say the same thing at the same instant; the same day at another hour is no twin."""
    steps, reminders = _POLICY.actualisation.steps, _POLICY.meeting.reminders
    again = replace(steps[-1], hour=steps[-2].hour, called=steps[-2].called)
    doubled = replace(
        _POLICY,
        meeting=replace(_POLICY.meeting, reminders=(*reminders, replace(reminders[1], step=Step.R3))),
        actualisation=replace(_POLICY.actualisation, steps=(*steps[:-1], again)),
    )
    assert list(reachability._twins(_POLICY)) == []
    assert list(reachability._twins(doubled)) == [
        Unreachable(name="meeting.reminders.R3", why="is the same as meeting.reminders.R2: same day, hour and channel"),
        Unreachable(name="actualisation.steps.A5_2", why="is the same as actualisation.steps.A5: same day, hour and channel"),
    ]


def test_dead_rungs_are_worded() -> None:
    """With the most frequent reason for which it was skipped, or with how long before meetings were known; what was sent lives."""
    meetings = reachability._Seen(lives=7, sent={("R2", 1)}, skipped={"R3": Counter(too_late=1, cap_reached=2)})
    sent = {(str(rung.step), rung.occurrence) for rung in _POLICY.actualisation.steps} - {("A5", 2), ("A1", 1)}
    months = reachability._Seen(lives=24, sent={*sent, ("R1", 1)}, skipped={"A1": Counter(closed_day=1)})
    assert list(reachability._dead_rungs(_POLICY, meetings, months)) == [
        Unreachable(name="meeting.reminders.R1", why="was never due in 7 lives, with meetings known up to 60 days before"),
        Unreachable(name="meeting.reminders.R3", why="was never sent in 7 lives: cap_reached"),
        Unreachable(name="actualisation.steps.A1", why="was never sent in 24 lives: closed_day"),
        Unreachable(name="actualisation.steps.A5_2", why="was never due in 24 lives, with meetings known up to 60 days before"),
    ]


def test_dead_alerts_are_worded() -> None:
    """Each kind of meeting has its own rule; the lists of a period have theirs."""
    meetings = reachability._Seen(on_time={("UNCONFIRMED", Kind.APPOINTMENT)})
    months = reachability._Seen(on_time={("ACTUALISATION_LAST_DAY", Kind.ACTUALISATION)})
    never = "never comes at its instant: that is before the opening in every month, or after the end"
    assert list(reachability._dead_alerts(meetings, months)) == [
        Unreachable(name="alerts.unconfirmed.convocation", why="its instant is always past when the meeting becomes known, or after it"),
        Unreachable(name="alerts.at_risk", why=never),
        Unreachable(name="alerts.missed", why=never),
    ]


def test_what_is_found_comes_in_the_order_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Caps, twins, rungs, alerts; each ladder is tried on lives of its own, of the year that was asked for, under the given policy."""
    looked: list[tuple[Environment, str, int, object]] = []

    def look(env: Environment, record: object, lives: Any, wanted: set[object]) -> reachability._Seen:
        first = next(lives)[0].obligations[0]
        looked.append((env, str(first.kind), first.due_at.year, wanted))
        return reachability._Seen(lives=1)

    monkeypatch.setattr(reachability, "_look", look)
    policy = replace(_POLICY, caps=replace(_POLICY.caps, person=replace(_POLICY.caps.person, voice_per_day=0)))
    env = Environment(policy=policy, holidays=environment().holidays, agencies=environment().agencies)
    found = reachability.unreachable_steps(env, lambda *_: None, 2027)
    assert [one.name for one in found] == [
        "caps.person.voice_per_day",
        *(f"meeting.reminders.{step}" for step in ("R1", "R2", "R3")),
        *(f"actualisation.steps.{step}" for step in ("A0", "A1", "A2", "A3", "A4", "A5", "A5_2")),
        "alerts.unconfirmed.convocation",
        "alerts.unconfirmed.appointment",
        "alerts.at_risk",
        "alerts.last_day",
        "alerts.missed",
    ]
    tried = Environment(policy=policy, holidays=env.holidays, agencies={"agency": _AGENCY})
    assert looked == [
        (tried, "convocation", 2027, reachability._wanted_of_meetings(policy)),
        (tried, "actualisation", 2027, reachability._wanted_of_months(policy)),
    ]


def test_lives_start_in_the_morning_of_the_year() -> None:
    """Hours are those of the capital, on both sides of the change of clocks."""
    hours = {
        environment().residence("75000").local(case.obligations[0].due_at).time() for case, _ in reachability._meeting_lives(_env(), 2027)
    }
    assert hours == {time(10, 30), time(14)}
