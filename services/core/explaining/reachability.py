"""Which steps of a policy nobody can ever reach: found by previewing a year of people and duties that are made up, and by comparing rungs.

A policy that is well-formed can still be meaningless: a reminder for meetings that are known longer before than any is, a rung behind a cap
of zero, a last day without a window.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time, timedelta

from services.core.changes import JournalLine
from services.core.environment import METROPOLE, Environment
from services.core.explaining.branches import silence
from services.core.explaining.preview import Record, preview
from services.core.model import Agency, Case, Contact, ContactId, Obligation, ObligationId, Person, PersonId
from services.core.period import period
from services.core.policy import Policy
from services.core.words import AlertType, Channel, Constraint, DeclaredBy, Kind, LineType, ObligationState, PointKind

#: what is made up: meetings on every weekday and in every season, announced so long before
_EVERY = timedelta(days=8)
_LEADS = (timedelta(days=12), timedelta(days=60), timedelta(days=4), timedelta(days=1, hours=2))
_HOURS = (time(10, 30), time(14))
_WEEKS = 52
_SOMEBODY, _AGENCY = PersonId("somebody"), "agency"
_MEETINGS = (Kind.CONVOCATION, Kind.APPOINTMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """One value of the policy that can have no effect."""

    #: dotted name in the policy file; a rung of a ladder by its step
    name: str
    why: str


@dataclass(slots=True)
class _Seen:
    """What happened in the lives looked at so far."""

    lives: int = 0
    #: (step, occurrence)
    sent: set[tuple[str, int]] = field(default_factory=set)
    #: alert → kinds of duties
    on_time: set[tuple[str, Kind]] = field(default_factory=set)
    skipped: dict[str, Counter[str]] = field(default_factory=dict)


def unreachable_steps(environment: Environment, record: Record, year: int) -> tuple[Unreachable, ...]:
    """Everything in the environment's policy that nobody would ever notice, in the order of the file.

    The year's holidays and its neighbours' must be in the environment. Stops as soon as every step was seen once: a sound policy takes a
    few lives, one with a dead step some hundred. Raises nothing that a policy which can be loaded would make ``decide()`` raise.
    """
    policy = environment.policy
    agency = Agency(agency_id=_AGENCY, name="", phone="", address="", postal_code=METROPOLE)
    env = Environment(policy=policy, holidays=environment.holidays, agencies={_AGENCY: agency})
    meetings = _look(env, record, _meeting_lives(env, year), _wanted_of_meetings(policy))
    months = _look(env, record, _month_lives(env, year), _wanted_of_months(policy))
    return (*_zero_caps(policy), *_twins(policy), *_dead_rungs(policy, meetings, months), *_dead_alerts(meetings, months))


def _look(env: Environment, record: Record, lives: Iterator[tuple[Case, datetime]], wanted: set[object]) -> _Seen:
    seen = _Seen()
    for case, now in lives:
        seen.lives += 1
        _note(env, seen, case.obligations[0], preview(case, env, now, silence, record))
        if wanted <= (seen.sent | seen.on_time):
            break
    return seen


def _note(env: Environment, seen: _Seen, duty: Obligation, lines: Sequence[JournalLine]) -> None:
    for line in lines:
        if line.what == "sent":
            seen.sent.add((str(line.fields["step"]), int(str(line.fields["occurrence"]))))
        elif line.what == "skipped":
            seen.skipped.setdefault(str(line.fields["step"]), Counter())[str(line.fields["reason"])] += 1
        elif line.what == "alert" and _at_its_hour(env, duty, str(line.fields["type"]), line.at):
            seen.on_time.add((str(line.fields["type"]), duty.kind))


def _at_its_hour(env: Environment, duty: Obligation, alert: str, at: datetime) -> bool:
    """An alert that comes when the policy says, not at once because its instant was past before anything was known."""
    if alert != AlertType.UNCONFIRMED:
        return at > duty.known_at
    rules = env.policy.alerts.unconfirmed
    rule = rules.convocation if duty.kind is Kind.CONVOCATION else rules.appointment
    working = env.working_days(_AGENCY)
    day = working.shift(working.local(duty.due_at).date(), -rule.working_days_before)
    return at == working.instant(day, rule.hour)


# ---- what is wanted


def _wanted_of_meetings(policy: Policy) -> set[object]:
    rungs = {(str(rung.step), 1) for rung in policy.meeting.reminders}
    return {*rungs, *((str(AlertType.UNCONFIRMED), kind) for kind in _MEETINGS)}


def _wanted_of_months(policy: Policy) -> set[object]:
    rungs = {(str(rung.step), rung.occurrence) for rung in policy.actualisation.steps}
    return {*rungs, *((str(alert), Kind.ACTUALISATION) for alert in _LISTS)}


_LISTS = {
    AlertType.ACTUALISATION_AT_RISK: "alerts.at_risk",
    AlertType.ACTUALISATION_LAST_DAY: "alerts.last_day",
    AlertType.ACTUALISATION_MISSED: "alerts.missed",
}


# ---- what is found


def _zero_caps(policy: Policy) -> Iterator[Unreachable]:
    for name, caps in (("meeting", policy.caps.meeting), ("actualisation", policy.caps.actualisation)):
        for channel, cap in caps.items():
            if cap == 0:
                yield Unreachable(name=f"caps.{name}.{channel}", why=f"is 0: nothing about this duty ever goes by {channel}")
    for each in fields(policy.caps.person):
        if getattr(policy.caps.person, each.name) == 0:
            yield Unreachable(name=f"caps.person.{each.name}", why="is 0: the channel is never used")


def _twins(policy: Policy) -> Iterator[Unreachable]:
    """Rungs of one ladder that say the same thing at the same instant."""
    for ladder, rungs in (("meeting.reminders", policy.meeting.reminders), ("actualisation.steps", policy.actualisation.steps)):
        first: dict[object, str] = {}
        for rung in rungs:
            occurrence = getattr(rung, "occurrence", 1)
            name = _name(ladder, rung.step, occurrence)
            same = tuple(getattr(rung, each.name) for each in fields(rung) if each.name not in ("step", "occurrence"))
            twin = first.setdefault(same, name)
            if twin != name:
                yield Unreachable(name=name, why=f"is the same as {twin}: same day, hour and channel")


def _dead_rungs(policy: Policy, meetings: _Seen, months: _Seen) -> Iterator[Unreachable]:
    for reminder in policy.meeting.reminders:
        if (str(reminder.step), 1) not in meetings.sent:
            yield Unreachable(name=_name("meeting.reminders", reminder.step, 1), why=_why(meetings, reminder.step))
    for rung in policy.actualisation.steps:
        if (str(rung.step), rung.occurrence) not in months.sent:
            yield Unreachable(name=_name("actualisation.steps", rung.step, rung.occurrence), why=_why(months, rung.step))


def _dead_alerts(meetings: _Seen, months: _Seen) -> Iterator[Unreachable]:
    for kind in _MEETINGS:
        if (str(AlertType.UNCONFIRMED), kind) not in meetings.on_time:
            yield Unreachable(
                name=f"alerts.unconfirmed.{kind}", why="its instant is always past when the meeting becomes known, or after it"
            )
    for alert, name in _LISTS.items():
        if (str(alert), Kind.ACTUALISATION) not in months.on_time:
            yield Unreachable(name=name, why="never comes at its instant: that is before the opening in every month, or after the end")


def _name(ladder: str, step: str, occurrence: int) -> str:
    return f"{ladder}.{step}" if occurrence == 1 else f"{ladder}.{step}_{occurrence}"


def _why(seen: _Seen, step: str) -> str:
    reasons = seen.skipped.get(str(step))
    if reasons:
        return f"was never sent in {seen.lives} lives: {reasons.most_common(1)[0][0]}"
    return f"was never due in {seen.lives} lives, with meetings known up to {max(_LEADS).days} days before"


# ---- lives


def _meeting_lives(env: Environment, year: int) -> Iterator[tuple[Case, datetime]]:
    residence = env.residence(METROPOLE)
    for lead in _LEADS:
        for week in range(_WEEKS - _LEADS[1].days // 7):
            day = date(year, 1, 1) + _LEADS[1] + week * _EVERY
            if day.year != year or not env.working_days(_AGENCY).is_working(day):
                continue
            for kind, hour in zip(_MEETINGS, _HOURS, strict=True):
                due = residence.instant(day, hour)
                duty = _duty(kind, due, due - lead)
                yield _case(duty), duty.known_at


def _month_lives(env: Environment, year: int) -> Iterator[tuple[Case, datetime]]:
    zone = env.residence(METROPOLE).zone
    for non_web in (True, False):
        for month in range(1, 13):
            span = period(f"{year}-{month:02d}")
            duty = replace(_duty(Kind.ACTUALISATION, span.closes_for(zone), span.opens_at), opens_at=span.opens_at, period=span.name)
            yield _case(duty, non_web=non_web), span.opens_at


def _duty(kind: Kind, due_at: datetime, known_at: datetime) -> Obligation:
    return Obligation(
        obligation_id=ObligationId(f"{kind}:{due_at:%Y%m%d}"),
        person_id=_SOMEBODY,
        kind=kind,
        revision=1,
        last_revision=1,
        state=ObligationState.OPEN,
        known_at=known_at,
        due_at=due_at,
        mandatory=True,
        changed_at=known_at,
    )


def _case(duty: Obligation, *, non_web: bool = False) -> Case:
    """Somebody with a mobile phone, a mailbox and a letterbox, who asked to be told of the opening and was known before."""
    somebody = Person(
        person_id=_SOMEBODY,
        revision=1,
        known_at=duty.known_at,
        first_name="",
        last_name="",
        postal_code=METROPOLE,
        preferred_channel=Channel.SMS,
        constraints=(Constraint.NO_INTERNET,) if non_web else (),
        asked_opening_notice=True,
        referent_id="",
        agency_id=_AGENCY,
    )
    kinds = (PointKind.PHONE, PointKind.EMAIL, PointKind.POSTAL)
    return Case(person_id=_SOMEBODY, person=somebody, contacts=tuple(_point(kind, duty.known_at) for kind in kinds), obligations=(duty,))


def _point(kind: PointKind, verified_at: datetime) -> Contact:
    return Contact(
        contact_id=ContactId(str(kind)),
        person_id=_SOMEBODY,
        kind=kind,
        line_type=LineType.MOBILE if kind is PointKind.PHONE else None,
        declared_by=DeclaredBy.SELF,
        verified_at=verified_at,
    )
