"""The closed words of the scenario language: events, provider words by channel, journal fields."""

import re
from collections.abc import Mapping
from enum import StrEnum

from services.core.words import (
    PRESUMED,
    AlarmType,
    AlertType,
    Channel,
    Choice,
    ContactStatus,
    DeclaredBy,
    Evidence,
    ObligationState,
    ReceiptEffect,
    ReceiptStatus,
    ReplyChannel,
    ReplyEffect,
    Routed,
    Severity,
    Step,
    Verdict,
)


class EventWord(StrEnum):
    """What may happen: a type of the contract, or a word of the language."""

    APPOINTMENT_SCHEDULED = "appointment.scheduled"
    APPOINTMENT_RESCHEDULED = "appointment.rescheduled"
    APPOINTMENT_CANCELLED = "appointment.cancelled"
    APPOINTMENT_ATTENDED = "appointment.attended"
    APPOINTMENT_MISSED = "appointment.missed"
    CONVOCATION_ISSUED = "convocation.issued"
    CONVOCATION_RESCHEDULED = "convocation.rescheduled"
    CONVOCATION_CANCELLED = "convocation.cancelled"
    CONVOCATION_ATTENDED = "convocation.attended"
    CONVOCATION_MISSED = "convocation.missed"
    ACTUALISATION_OPENED = "actualisation.opened"
    ACTUALISATION_COMPLETED = "actualisation.completed"
    PERSON_UPDATED = "person.updated"
    PERSON_REMOVED = "person.removed"
    ADVISOR_UPDATED = "advisor.updated"
    AGENCY_UPDATED = "agency.updated"
    REPLY = "reply"
    RECEIPT = "receipt"
    OPEN_LINK = "open_link"
    CRASH = "crash"
    OUTAGE = "outage"
    ERASE = "erase"
    ADVISOR_ACTION = "advisor_action"


class Process(StrEnum):
    """A process that may die."""

    INTAKE = "intake"
    PLANNER = "planner"
    DELIVERY = "delivery"
    EVIDENCE = "evidence"
    WATCH = "watch"
    RELAY = "relay"


class Server(StrEnum):
    """What all processes share, and a story may take away."""

    KAFKA = "kafka"
    POSTGRES = "postgres"


class CrashPoint(StrEnum):
    """Where a process dies."""

    AFTER_PROVIDER_ACCEPTS = "after_provider_accepts"
    BEFORE_COMMIT = "before_commit"


class Action(StrEnum):
    """What an advisor does on the page."""

    HANDLED = "handled"
    CALLED = "called"
    ACTUALISED_BY_PHONE = "actualised_by_phone"
    CONTACT_FIXED = "contact_fixed"


class Method(StrEnum):
    """How a link is opened."""

    HEAD = "HEAD"
    GET = "GET"
    POST = "POST"


class What(StrEnum):
    """What a journal line tells."""

    PLANNED = "planned"
    SENT = "sent"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    RECEIPT = "receipt"
    REPLY = "reply"
    EVIDENCE = "evidence"
    STATE = "state"
    CONTACT = "contact"
    ALERT = "alert"
    ALERT_UPDATED = "alert_updated"
    ALERT_CLOSED = "alert_closed"
    ALARM = "alarm"
    DEAD_LETTER = "dead_letter"
    DOSSIER = "dossier"
    ACCESS_DENIED = "access_denied"


_ALERT = frozenset(
    ("type", "severity", "person", "obligation", "to", "routed", "act_by", "next_action", "known"),
)

#: the journal's table: a field that is not here is a misspelling
JOURNAL: Mapping[What, frozenset[str]] = {
    What.PLANNED: frozenset(("obligation", "person", "wake_at", "excluded", "steps")),
    What.SENT: frozenset(
        ("channel", "person", "obligations", "revision", "step", "contact", "text", "parts", "encoding", "provider", "attempt"),
    ),
    What.SKIPPED: frozenset(("channel", "person", "obligation", "step", "reason")),
    What.CANCELLED: frozenset(("channel", "person", "obligation", "step", "reason")),
    What.RECEIPT: frozenset(("channel", "person", "obligation", "step", "status", "effect")),
    What.REPLY: frozenset(("channel", "person", "obligation", "choice", "effect")),
    What.EVIDENCE: frozenset(("obligation", "person", "level", "how")),
    What.STATE: frozenset(("obligation", "person", "from", "to")),
    What.CONTACT: frozenset(("person", "channel", "status", "reason")),
    What.ALERT: _ALERT,
    What.ALERT_UPDATED: _ALERT,
    What.ALERT_CLOSED: frozenset(("type", "person", "obligation", "reason")),
    What.ALARM: frozenset(("type", "scope", "figures")),
    What.DEAD_LETTER: frozenset(("topic", "errors")),
    What.DOSSIER: frozenset(("obligation", "person", "level", "verdict", "lines")),
    What.ACCESS_DENIED: frozenset(("advisor", "person", "reason")),
}

_CHANNELS = frozenset(Channel)
_POINTS = frozenset(("phone", "email", "postal", "sms", "voice"))

#: fields whose plain values come from a closed list, by kind of line
CLOSED: Mapping[What, Mapping[str, frozenset[str]]] = {
    What.SENT: {"channel": _CHANNELS, "step": frozenset(Step), "encoding": frozenset(("GSM-7", "UCS-2"))},
    What.SKIPPED: {"channel": _CHANNELS, "step": frozenset(Step)},
    What.CANCELLED: {"channel": _CHANNELS, "step": frozenset(Step)},
    What.RECEIPT: {
        "channel": _CHANNELS,
        "step": frozenset(Step),
        "status": frozenset(ReceiptStatus),
        "effect": frozenset(ReceiptEffect),
    },
    What.REPLY: {
        "channel": frozenset(ReplyChannel),
        "choice": frozenset(Choice),
        "effect": frozenset(ReplyEffect),
    },
    What.EVIDENCE: {"level": frozenset(Evidence), "how": frozenset(ReplyChannel) | frozenset(ReceiptStatus) | {PRESUMED}},
    What.STATE: {"from": frozenset(ObligationState), "to": frozenset(ObligationState)},
    What.CONTACT: {"channel": _POINTS, "status": frozenset(ContactStatus)},
    What.ALERT: {"type": frozenset(AlertType), "severity": frozenset(Severity), "routed": frozenset(Routed)},
    What.ALERT_UPDATED: {"type": frozenset(AlertType), "severity": frozenset(Severity), "routed": frozenset(Routed)},
    What.ALERT_CLOSED: {"type": frozenset(AlertType)},
    What.ALARM: {"type": frozenset(AlarmType)},
    What.DOSSIER: {"verdict": frozenset(Verdict)},
}

#: what a provider of each channel may say of a message
PROVIDER_WORDS: Mapping[Channel, re.Pattern[str]] = {
    Channel.SMS: re.compile(r"none|delivered|undelivered (unknown_subscriber|unreachable)|rejected|expired"),
    Channel.EMAIL: re.compile(
        r'none|accepted|delivered|(bounce|reject) [245]\.\d{1,3}\.\d{1,3}|reject "[^"]+"|complaint|out_of_office',
    ),
    Channel.VOICE: re.compile(r'none|no_answer|busy|keys "[0-9*#]( [0-9*#])*"|human_silent|machine|fax|cause \d{1,3}'),
    Channel.LETTER: re.compile(r"none|processed|returned N\d\d|rejected [A-Z0-9_]+|acknowledged"),
}

#: what somebody presses during a call, as a file may write it
KEYS = re.compile(r"keys ['\"]?([0-9*#](?: ?[0-9*#])*)['\"]?")

#: the same words for people who misspelt one
PROVIDER_EXAMPLES: Mapping[Channel, str] = {
    Channel.SMS: "delivered, none, undelivered unknown_subscriber, undelivered unreachable, rejected, expired",
    Channel.EMAIL: 'accepted, delivered, bounce 5.1.1, reject "550 5.2.0 ofr_506", complaint, out_of_office, none',
    Channel.VOICE: 'no_answer, busy, keys "1 1", human_silent, machine, fax, cause 1, none',
    Channel.LETTER: "processed, returned N02, rejected ADDRESS_LINE_1_TOO_LONG, acknowledged, none",
}

#: an event that gives a canonical status is played with the provider's own word for it
WORD_OF_STATUS: Mapping[Channel, Mapping[ReceiptStatus, str]] = {
    Channel.SMS: {
        ReceiptStatus.DELIVERED: "delivered",
        ReceiptStatus.FAILED_HARD: "undelivered unknown_subscriber",
        ReceiptStatus.FAILED_SOFT: "undelivered unreachable",
        ReceiptStatus.FAILED_POLICY: "rejected",
        ReceiptStatus.EXPIRED: "expired",
    },
    Channel.EMAIL: {
        ReceiptStatus.ACCEPTED: "accepted",
        ReceiptStatus.DELIVERED: "delivered",
        ReceiptStatus.FAILED_HARD: "bounce 5.1.1",
        ReceiptStatus.FAILED_SOFT: "bounce 4.2.2",
        ReceiptStatus.FAILED_POLICY: "bounce 5.7.1",
        ReceiptStatus.COMPLAINT: "complaint",
    },
    Channel.VOICE: {
        ReceiptStatus.NO_ANSWER: "no_answer",
        ReceiptStatus.BUSY: "busy",
        ReceiptStatus.ANSWERED_NO_INPUT: "human_silent",
        ReceiptStatus.VOICEMAIL_LEFT: "machine",
        ReceiptStatus.FAILED_HARD: "cause 1",
        ReceiptStatus.WRONG_PERSON: 'keys "9"',
    },
    Channel.LETTER: {
        ReceiptStatus.SENT: "processed",
        ReceiptStatus.RETURNED: "returned N02",
        ReceiptStatus.REFUSED_BY_PERSON: "returned N05",
        ReceiptStatus.FAILED_HARD: "rejected ADDRESS_LINE_6_WRONG_FORMAT",
        ReceiptStatus.DELIVERED: "acknowledged",
    },
}

#: who may have told the directory, when nobody has verified since
SECOND_HAND: frozenset[DeclaredBy] = frozenset((DeclaredBy.ADVISER, DeclaredBy.IMPORT))
