"""Notices to sample people: every kind, channel, situation, place and wish of a person."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.core.content import Notice
from services.core.model import Agency, Contact, Obligation, ObligationId, Person, PersonId, Place
from services.core.words import Channel, Constraint, DeclaredBy, Kind, ObligationState, PointKind, Step

REFERENCE: Final = "K7Q4-PM2X"
CALLING_NUMBER: Final = "09 48 12 34 56"
LINK: Final = "https://rdv.sans-faute.example/a/AbCdEfGhIjKlMnOp"
BUNDLE_PARTS: Final = 2
_ZONE: Final = ZoneInfo("Europe/Paris")
_PERSON: Final = PersonId("sample")
_LINES: Final = ("EMILIE TEST", "14 RUE DU MOLINEL", "59000 LILLE")

#: one step per situation that templates tell apart: step, acknowledged before, takes place after all
MEETING_STEPS: Final = (
    (Step.N0, False, False),
    (Step.R1, False, False),
    (Step.R2, True, False),
    (Step.CORRECTIVE, False, False),
    (Step.CORRECTIVE, False, True),
    (Step.CANCELLATION, False, False),
)
#: letters remind nobody: they announce, or correct
_NEVER_BY_LETTER: Final = frozenset({Step.R1, Step.R2, Step.A2, Step.A4, Step.A5, Step.A6})
#: step and days before the last one
ACTUALISATION_STEPS: Final = ((Step.A0, 15), (Step.A2, 5), (Step.A4, 1), (Step.A5, 0), (Step.A6, -1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """``templates/samples.toml``."""

    people: Sequence[Person]
    places: Sequence[Place]
    purpose: str
    starts: Sequence[datetime]
    periods: Sequence[str]


def load(file: Path) -> Samples:
    """Read the sample people and places."""
    table: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return Samples(
        people=[_person(**entry) for entry in table["people"]],
        places=[Place(**entry) for entry in table["places"]],
        purpose=table["meetings"]["purpose"],
        starts=[datetime.fromisoformat(start).replace(tzinfo=_ZONE) for start in table["meetings"]["starts"]],
        periods=table["actualisations"]["periods"],
    )


def notices(samples: Samples, kind: Kind, channel: Channel) -> Iterator[Notice]:
    """Every sample notice of a kind on a channel."""
    for person in samples.people:
        if channel is Channel.VOICE and Constraint.NO_VOICE in person.constraints:
            continue
        yield from (
            notice
            for notice in _of_kind(samples, person, kind, channel)
            if channel is not Channel.LETTER or notice.step not in _NEVER_BY_LETTER
        )


def _of_kind(samples: Samples, person: Person, kind: Kind, channel: Channel) -> Iterator[Notice]:
    if kind is Kind.ACTUALISATION:
        return _actualisations(samples, person, channel)
    return _points(samples, person, channel) if kind is Kind.CONTACT else _meetings(samples, person, kind, channel)


def _points(samples: Samples, person: Person, channel: Channel) -> Iterator[Notice]:
    """The point itself is asked whether it is theirs, or told that it was replaced (rules §10.7)."""
    question = _meeting(Kind.CONTACT, samples.starts[0], Place(kind="other", name=""), "")
    for step in (Step.VERIFICATION, Step.CHANGED):
        yield _notice(channel, person, step, (replace(question, place=None, purpose=None),), samples.starts[0] - timedelta(days=3))


def _meetings(samples: Samples, person: Person, kind: Kind, channel: Channel) -> Iterator[Notice]:
    for step, short, reopened in MEETING_STEPS:
        for number, place in enumerate(samples.places):
            start = samples.starts[number % len(samples.starts)]
            meeting = _meeting(kind, start, place, samples.purpose)
            notice = _notice(channel, person, step, (meeting,), start - timedelta(days=8))
            said = replace(notice, short=short, reopened=reopened, announces_call=_calls(person, step))
            yield from _after_stop(said)
        yield from _bundles(samples, person, channel, _meeting(kind, samples.starts[0], samples.places[0], samples.purpose), step)
        if channel is Channel.SMS:
            first = _meeting(kind, samples.starts[0], samples.places[1], samples.purpose)
            shared = _notice(channel, person, step, (first,), samples.starts[0] - timedelta(days=8))
            yield replace(shared, short=short, contact=replace(shared.contact, letter="B"), announces_call=_calls(person, step))


def _bundles(samples: Samples, person: Person, channel: Channel, first: Obligation, step: Step) -> Iterator[Notice]:
    """Two meetings, three, and by SMS a meeting with an actualisation (rules §10.15)."""
    now = samples.starts[0] - timedelta(days=8)
    others = tuple(
        _meeting(Kind.APPOINTMENT, samples.starts[number % 2], place, samples.purpose) for number, place in enumerate(samples.places)
    )
    yield _notice(channel, person, step, (first, others[2]), now)
    yield _notice(channel, person, step, (first, others[1], others[-1]), now)
    if channel is Channel.SMS and step not in (Step.CORRECTIVE, Step.CANCELLATION):
        for period in samples.periods:
            duty = _actualisation(period)
            day = _last_weekday(duty.due_at.astimezone(_ZONE).date())
            yield replace(_notice(channel, person, step, (first, duty), duty.due_at - timedelta(days=1)), last_agency_day=day)


def _actualisations(samples: Samples, person: Person, channel: Channel) -> Iterator[Notice]:
    for period in samples.periods:
        duty = _actualisation(period)
        for step, days in ACTUALISATION_STEPS:
            for perhaps_done in (False, True):
                notice = _notice(channel, person, step, (duty,), duty.due_at - timedelta(days=days, hours=12))
                agency_day = _last_weekday(duty.due_at.astimezone(_ZONE).date())
                yield from _after_stop(replace(notice, perhaps_done=perhaps_done, last_agency_day=agency_day))


def _after_stop(notice: Notice) -> Iterator[Notice]:
    """The notice, and for whom wants no SMS any more the same one (rules §10.12)."""
    yield notice
    if notice.channel is not Channel.SMS:
        yield replace(notice, after_stop=True)


def _notice(channel: Channel, person: Person, step: Step, obligations: tuple[Obligation, ...], now: datetime) -> Notice:
    postal = channel is Channel.LETTER
    return Notice(
        channel=channel,
        step=step,
        obligations=obligations,
        person=person,
        contact=Contact(
            contact_id="sample",  # type: ignore[arg-type]
            person_id=_PERSON,
            kind=PointKind.POSTAL if postal else PointKind.EMAIL if channel is Channel.EMAIL else PointKind.PHONE,
            lines=_LINES if postal else (),
            declared_by=DeclaredBy.SELF,
        ),
        zone=_ZONE.key,
        now=now.astimezone(UTC),
        agency=Agency(agency_id="sample", name="Lille Centre", phone="3949", address="1 place de la Gare 59000 LILLE", postal_code="59000"),
        reference=REFERENCE,
        link=LINK if Constraint.LINK_OK in person.constraints else None,
        calling_number=CALLING_NUMBER,
        sms_sender="38123",
        bundle_parts=BUNDLE_PARTS,
        reply_by_sms=Constraint.PREPAID not in person.constraints,
    )


def _person(first_name: str, last_name: str, constraints: Sequence[str]) -> Person:
    return Person(
        person_id=_PERSON,
        revision=1,
        known_at=datetime(2026, 1, 1, tzinfo=UTC),
        first_name=first_name,
        last_name=last_name,
        postal_code="59000",
        preferred_channel=Channel.SMS,
        constraints=tuple(Constraint(word) for word in constraints),
        referent_id="sample",
        agency_id="sample",
    )


def _meeting(kind: Kind, start: datetime, place: Place, purpose: str) -> Obligation:
    return Obligation(
        obligation_id=ObligationId(f"sample:{start.isoformat()}"),
        person_id=_PERSON,
        kind=kind,
        revision=1,
        state=ObligationState.OPEN,
        known_at=start,
        due_at=start.astimezone(UTC),
        place=place,
        purpose=purpose,
        mandatory=True,
        changed_at=start,
    )


def _actualisation(period: str) -> Obligation:
    year, month = (int(part) for part in period.split("-"))
    closing = date(year + month // 12, month % 12 + 1, 15)
    due = datetime.combine(closing, time(23, 59, 59), tzinfo=_ZONE)
    return Obligation(
        obligation_id=ObligationId(f"act:{period}:sample"),
        person_id=_PERSON,
        kind=Kind.ACTUALISATION,
        revision=1,
        state=ObligationState.OPEN,
        known_at=due,
        due_at=due.astimezone(UTC),
        period=period,
        changed_at=due,
    )


def _last_weekday(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - 4))


def _calls(person: Person, step: Step) -> bool:
    return (step is Step.N0 or Constraint.PREPAID in person.constraints) and Constraint.NO_VOICE not in person.constraints
