"""Answers to "why?" and "when?" (contracts §5): values from the same functions that the planner uses, for people and for scripts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from services.core.actualisation.agency_days import last_agency_day
from services.core.actualisation.campaign import campaign, opening_day
from services.core.alerts.silence import at_risk, last_day
from services.core.channels.availability import contact_refusal
from services.core.channels.leadtime import LetterLimit, letter_limit
from services.core.channels.phones import Phone
from services.core.channels.windows import Opening, openings_on
from services.core.environment import METROPOLE, Environment
from services.core.model import Agency, Case, Contact, ContactId, Obligation, ObligationId, Person, PersonId
from services.core.period import period
from services.core.policy import ActualisationLadder, Policy
from services.core.view import View, see
from services.core.words import Channel, DeclaredBy, Kind, LineType, ObligationState, PointKind

_NOBODY = PersonId("nobody")
_AGENCY = "agency"
_POINT = {Channel.SMS: PointKind.PHONE, Channel.VOICE: PointKind.PHONE, Channel.EMAIL: PointKind.EMAIL, Channel.LETTER: PointKind.POSTAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodExplained:
    """When a month's actualisation opens, ends, and brings what; instants in UTC."""

    zone: str
    opens_at: datetime
    #: the end that we work with: the earlier of the official one and the local one (§2.1)
    closes_at: datetime
    first_contactable_day: date
    #: none when the agency stays closed
    last_usable_agency_day: date | None
    #: A0 … A5, ``A5_2`` for the second of the last day, and the two alert lists; a step that the channel cannot carry is left out
    steps: Mapping[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterExplained:
    """Can a letter still arrive, and how was that counted?"""

    zone: str
    limit: LetterLimit
    feasible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsExplained:
    """When a channel may be used on one local day; instants in UTC."""

    zone: str
    #: a Sunday is none; customary ones count, but not for the post
    holiday: bool
    windows: tuple[Opening, ...]


def explain_period(
    environment: Environment, name: str, postal_code: str, channel: Channel = Channel.SMS, closures: tuple[date, ...] = ()
) -> PeriodExplained:
    """The calendar of a month for somebody who is reached on ``channel`` alone: when each step begins, before it is spread over people.

    The agency is in the same territory, and closed on ``closures`` beside weekends and holidays. Raises ``ValueError``: not a period.
    """
    span = period(name)
    agency = Agency(agency_id=_AGENCY, name="", phone="", address="", postal_code=postal_code, closures=closures)
    env = replace(environment, policy=_unspread(environment.policy, channel), _working={}).with_staff({_AGENCY: agency}, {})
    residence = env.residence(postal_code)
    duty = Obligation(
        obligation_id=ObligationId(f"act:{name}:{_NOBODY}"),
        person_id=_NOBODY,
        kind=Kind.ACTUALISATION,
        revision=1,
        state=ObligationState.OPEN,
        known_at=span.opens_at,
        opens_at=span.opens_at,
        due_at=span.closes_for(residence.zone),
        period=name,
        changed_at=span.opens_at,
    )
    view = _view(env, duty, postal_code, channel)
    steps = {_named(intent.step, intent.occurrence): intent.at for intent in campaign(view, duty).intents}
    lists = {"alert_list_1": at_risk(view, duty), "alert_list_2": last_day(view, duty)}
    opening = next((rung.hour for rung in env.policy.actualisation.steps if rung.opening), time(0))
    return PeriodExplained(
        zone=residence.zone,
        opens_at=span.opens_at,
        closes_at=duty.due_at,
        first_contactable_day=opening_day(residence, span.opens_at, opening),
        last_usable_agency_day=last_agency_day(duty, _AGENCY, env),
        steps=steps | {word: found.at for word, found in lists.items() if found is not None},
    )


def explain_letter(environment: Environment, event_at: datetime, postal_code: str, at: datetime) -> LetterExplained:
    """The last submission of a letter about a duty at ``event_at``, and whether ``at`` is in time for it (§10.2)."""
    residence = environment.residence(postal_code)
    limit = letter_limit(environment.policy.letters, residence, environment.residence(METROPOLE), residence.local(event_at).date())
    return LetterExplained(zone=residence.zone, limit=limit, feasible=at <= limit.submit_by)


def explain_windows(
    environment: Environment, channel: Channel, day: date, postal_code: str, *, closing_day: bool = False
) -> WindowsExplained:
    """Quiet hours turned round (§10.3); ``closing_day``: the day is the last one of an actualisation."""
    residence = environment.residence(postal_code)
    openings = openings_on(environment.policy, channel, residence, day, day if closing_day else None)
    return WindowsExplained(zone=residence.zone, holiday=residence.is_holiday(day), windows=openings)


def channels_of(phone: Phone) -> tuple[Channel, ...]:
    """What a number can be used for: a mobile for SMS and calls, a landline for calls alone (§4.1)."""
    point = _contact(Channel.SMS, e164=phone.e164, line_type=phone.line_type, problem=phone.problem)
    return tuple(channel for channel in (Channel.SMS, Channel.VOICE) if contact_refusal(point, channel) is None)


def _named(step: str, occurrence: int) -> str:
    return step if occurrence == 1 else f"{step}_{occurrence}"


def _unspread(policy: Policy, channel: Channel) -> Policy:
    """The same ladder for one channel that carries every rung, at the instant at which the first person's turn comes."""
    rungs = tuple(
        replace(rung, spread=timedelta(0), called=True, channel=rung.channel if rung.opening else "in_order")
        for rung in policy.actualisation.steps
    )
    ladder: ActualisationLadder = replace(policy.actualisation, steps=rungs, spread=timedelta(0))
    return replace(policy, actualisation=ladder, channels=replace(policy.channels, actualisation_order=(channel,)))


def _view(env: Environment, duty: Obligation, postal_code: str, channel: Channel) -> View:
    somebody = Person(
        person_id=_NOBODY,
        revision=1,
        known_at=duty.known_at,
        first_name="",
        last_name="",
        postal_code=postal_code,
        preferred_channel=channel,
        # who asked is told of the opening
        asked_opening_notice=True,
        forbidden_channels=tuple(other for other in Channel if other is not channel),
        referent_id="",
        agency_id=_AGENCY,
    )
    case = Case(person_id=_NOBODY, person=somebody, contacts=(_contact(channel),), obligations=(duty,))
    view = see(case, env, duty.known_at)
    if view is None:
        raise AssertionError("a case with a person is seen")
    return view


def _contact(channel: Channel, e164: str | None = None, line_type: LineType = LineType.MOBILE, problem: str | None = None) -> Contact:
    return Contact(
        contact_id=ContactId(str(channel)),
        person_id=_NOBODY,
        kind=_POINT[channel],
        e164=e164,
        line_type=line_type,
        declared_by=DeclaredBy.SELF,
        problem=problem,
    )
