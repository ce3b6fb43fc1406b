"""The numbers of the rules as typed values; ``policy.toml`` beside this file is where they are written and explained.

Read by ``services/adapters/policy.py``; every rule takes them from ``Environment.policy``.
"""

from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Literal

from services.core.retention_policy import RetentionPolicy
from services.core.watch_policy import WatchPolicy
from services.core.words import Channel, Step

Span = tuple[time, time]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOrders:
    """In which order channels are tried (§10.9)."""

    fallback_order: tuple[Channel, ...]
    offline_order: tuple[Channel, ...]
    actualisation_order: tuple[Channel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """When a channel may be used, by kind of day, local time of the residence (§10.3)."""

    weekday: tuple[Span, ...]
    saturday: tuple[Span, ...]
    closed_day: tuple[Span, ...]
    closing_day: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """How long a letter takes (§10.2)."""

    production_days: int
    cutoff: time
    transit_days: int
    transit_days_overseas: int
    box_days_before: int
    actualisation_last_day: int
    #: a letter that did not come back after so long is presumed to have arrived (§10.6)
    presumed_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsPolicy:
    """What concerns SMS alone."""

    validity: timedelta
    #: parts of a message about several duties (§4.3); one duty is one part
    bundle_parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BundlePolicy:
    """Several duties in one message (§10.15)."""

    #: how many duties one message may name
    duties: dict[Channel, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCaps:
    """Fatigue limits per person (§10.4; voice mirrors D.223-9 code de la consommation)."""

    sms_per_day: int
    voice_per_day: int
    voice_in_30_days: int
    voice_in_30_days_convocation: int
    voice_spacing: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Fatigue limits (§10.4)."""

    meeting: dict[Channel, int]
    actualisation: dict[Channel, int]
    person: PersonCaps


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """How long to wait before the next channel (§10.5) or the next try (§11.3)."""

    no_receipt: timedelta
    no_receipt_short: timedelta
    short_below: timedelta
    silence_convocation: timedelta
    silence_appointment: timedelta
    letter_silence_working_days: int
    letter_silence_hour: time
    letter_silence_before: timedelta
    voice_after_first_notice: timedelta
    email_retries: tuple[timedelta, ...]
    provider_retry: timedelta
    provider_retries: int
    unclaimed: timedelta
    #: twice as long each time, and at most this; no longer than a dispatch topic keeps its records
    again_at_most: timedelta
    hand_over: timedelta
    submitting: timedelta
    call_ends_within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSlots:
    """When follow-up calls start (§10.10)."""

    starts: tuple[time, ...]
    afternoon_from: time


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPolicy:
    """When a contact point is asked about, doubted or trusted again (§10.7, §11.2, §11.3)."""

    answer_within: timedelta
    letter_answer_within: timedelta
    act_within_days: int
    silent_duties: int
    without_human: timedelta
    reassigned_after: timedelta
    full_mailbox_duties: int
    soft_failure_days: int
    out_of_order: int
    rejected_calls: int
    changed_before: timedelta
    remembered: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPolicy:
    """When an answer by link is a machine's (§10.12)."""

    decoy_suspect: timedelta
    early_suspect: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodLimit:
    """How many requests one source may make at a door that stands open to the world (§8.4)."""

    per_minute: int
    #: at once, after a silence
    burst: int
    #: how many a wrong signature or an unknown link counts for
    guess: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodPolicy:
    """The two doors."""

    link: FloodLimit
    callbacks: FloodLimit


# compared by identity, as a key of what is computed once for everybody
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reminder:
    """A rung of the meeting's ladder."""

    step: Step
    days_before: int
    hour: time
    spread: timedelta
    channel: Literal["best_evidence", "another"]
    only_if_known_before: timedelta = timedelta(0)
    even_if_acknowledged: bool = False
    unless_acknowledged_within: timedelta = timedelta(0)
    last_chance: Channel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingLadder:
    """What follows the first notice of a meeting."""

    reminders: tuple[Reminder, ...]
    #: a reminder so close to word of a new date is left out: that word takes its place (§10.11)
    near_a_change: timedelta


# the same
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActualisationStep:
    """A rung of the actualisation's ladder."""

    step: Step
    hour: time
    channel: Literal["first_notice", "in_order", "another"]
    occurrence: int = 1
    days_before: int = 0
    opening: bool = False
    only_for_those_who_need_it: bool = False
    called: bool = True
    #: waits while completions are silent (§10.16)
    waits: bool = True
    voice_hour: time | None = None
    #: none: the campaign's
    spread: timedelta | None = None
    #: moves to an earlier day when its own is closed to the channel
    moves: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterActualisation:
    """A6: the one message to somebody who is too late."""

    hour: time
    not_after_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """How long « c'est fait » stops the reminders (§10.12)."""

    said_done: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualisationLadder:
    """The campaign of a period."""

    spread: timedelta
    #: a step on the day of another SMS moves to a later day that is more than so many days before the closing (§10.15)
    makes_room_until: int
    steps: tuple[ActualisationStep, ...]
    after: AfterActualisation
    pause: Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDayBefore:
    """An alert so many working days before the duty, at this hour of the agency."""

    working_days_before: int
    hour: time


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBefore:
    """An alert so many days before the duty, moved to an earlier working day, at this hour of the agency."""

    days_before: int
    hour: time


@dataclass(frozen=True, slots=True, kw_only=True)
class UnconfirmedAlerts:
    """UNCONFIRMED by kind of meeting."""

    convocation: WorkingDayBefore
    appointment: WorkingDayBefore


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedAlert:
    """ACTUALISATION_MISSED: the hour of the next working day."""

    hour: time


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """When an advisor is told, and how urgent it is (§10.5, §10.8, §10.13)."""

    short_notice_below: timedelta
    unconfirmed_grace: timedelta
    unconfirmed_grace_hour: time
    critical_days: int
    high_days: int
    callback_days: int
    day_starts: time
    day_ends: time
    lapse_after: timedelta
    #: working hours after which an alert that nobody claimed goes to the next list
    unclaimed_hours: timedelta
    #: plain hours after which a critical one does
    unclaimed_critical: timedelta
    #: open alerts of one advisor beyond which their list is grouped and the agency's manager is told
    budget: int
    unconfirmed: UnconfirmedAlerts
    at_risk: DayBefore
    last_day: DayBefore
    missed: MissedAlert


@dataclass(frozen=True, slots=True, kw_only=True)
class OutagePolicy:
    """From when on being late is an outage of ours (§10.5, After T)."""

    late_after: timedelta


# compared by identity, as a key of what is computed once for everybody
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Policy:
    """All numbers; ``version`` is stored with what was decided under them."""

    version: str
    channels: ChannelOrders
    windows: dict[Channel, Windows]
    letters: Letters
    relied_on_alone_until: dict[Channel, timedelta]
    not_after: dict[Channel, timedelta]
    sms: SmsPolicy
    bundle: BundlePolicy
    caps: Caps
    timers: Timers
    voice_slots: VoiceSlots
    contacts: ContactPolicy
    link: LinkPolicy
    floods: FloodPolicy
    meeting: MeetingLadder
    actualisation: ActualisationLadder
    alerts: AlertPolicy = field()
    outage: OutagePolicy
    watch: WatchPolicy
    retention: RetentionPolicy
