"""The closed vocabularies that every room shares: channels, states, levels, reasons.

The same words stand in the JSON Schemas under ``contracts/``, in SQL and in ``docs/states.md``.
"""

from enum import StrEnum


class Channel(StrEnum):
    """A way to reach a person."""

    SMS = "sms"
    VOICE = "voice"
    LETTER = "letter"
    EMAIL = "email"


class PointKind(StrEnum):
    """What a contact point is; a mobile phone serves two channels."""

    PHONE = "phone"
    EMAIL = "email"
    POSTAL = "postal"


class LineType(StrEnum):
    """What a telephone number is, as a numbering-plan library tells it."""

    MOBILE = "mobile"
    FIXED_LINE = "fixed_line"
    VOIP = "voip"
    SPECIAL = "special"
    UNKNOWN = "unknown"


class DeclaredBy(StrEnum):
    """Who told us of a contact point."""

    SELF = "self"
    ADVISER = "adviser"
    IMPORT = "import"


class ContactStatus(StrEnum):
    """Life of a contact point (rules §10.7)."""

    #: declared, nobody has answered there yet
    UNVERIFIED = "unverified"
    #: works
    ACTIVE = "active"
    #: usable, never alone
    SUSPECT = "suspect"
    #: failed hard or belongs to somebody else: not used
    DISABLED = "disabled"


class Constraint(StrEnum):
    """What a person told us about how to be reached; never a diagnosis."""

    NO_VOICE = "no_voice"
    DISCREET = "discreet"
    NEEDS_SIMPLE_TEXT = "needs_simple_text"
    PREPAID = "prepaid"
    LINK_OK = "link_ok"
    NO_INTERNET = "no_internet"


class DigitalEase(StrEnum):
    """The study's three groups, and the honest fourth."""

    AT_EASE = "at_ease"
    UNFAMILIAR = "unfamiliar"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What a person owes."""

    APPOINTMENT = "appointment"
    CONVOCATION = "convocation"
    ACTUALISATION = "actualisation"
    #: a question of ours: is this contact point theirs? Never published
    CONTACT = "contact"


#: duties to come to: the outcome is somebody else's to tell
MEETINGS = frozenset({Kind.APPOINTMENT, Kind.CONVOCATION})


class ObligationState(StrEnum):
    """Where an obligation stands; the first of the three axes."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DECLINED = "declined"
    HANDLED = "handled"
    DONE = "done"
    CANCELLED = "cancelled"
    MISSED = "missed"
    LAPSED = "lapsed"
    NOT_REQUIRED = "not_required"


class AttemptState(StrEnum):
    """Where one message stands; the second axis."""

    #: decided and handed to the outbox; nobody has claimed it yet
    RELEASED = "released"
    #: claimed: the provider is being called, or we died while calling it
    SUBMITTING = "submitting"
    #: the provider has it
    ACCEPTED = "accepted"
    #: a receipt says that the device or the mailbox has it
    DELIVERED = "delivered"
    #: a receipt or the provider says that it did not arrive
    FAILED = "failed"
    #: nothing tells whether it arrived
    UNKNOWN = "unknown"
    #: never sent, with a reason
    SKIPPED = "skipped"
    #: released, then taken back before anybody sent it
    CANCELLED = "cancelled"


class Evidence(StrEnum):
    """What is proved about reception; the third axis. The names sort by strength (rules §10.6)."""

    #: planned, or not feasible
    E0 = "E0"
    #: accepted by the provider
    E1 = "E1"
    #: delivered to a device or a mailbox
    E2 = "E2"
    #: a human answered, identity not verified
    E3 = "E3"
    #: a human answered, identity verified
    E4 = "E4"
    #: the obligation is satisfied
    E5 = "E5"


#: how E2 was reached when a letter did not come back: a presumption of ours, no receipt (rules §10.6)
PRESUMED = "presumed"


class ReceiptStatus(StrEnum):
    """The one list that every provider's words are mapped to (contracts §3)."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED_HARD = "failed_hard"
    FAILED_SOFT = "failed_soft"
    FAILED_POLICY = "failed_policy"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    RETURNED = "returned"
    REFUSED_BY_PERSON = "refused_by_person"
    COMPLAINT = "complaint"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    ANSWERED_NO_INPUT = "answered_no_input"
    VOICEMAIL_LEFT = "voicemail_left"
    WRONG_PERSON = "wrong_person"


class ReceiptEffect(StrEnum):
    """What a receipt changed."""

    APPLIED = "applied"
    REPEATED = "repeated"
    LATE = "late"
    WAITING = "waiting"
    QUARANTINED = "quarantined"


class Choice(StrEnum):
    """What an answer says."""

    COME = "come"
    CANNOT_COME = "cannot_come"
    CALL_ME_BACK = "call_me_back"
    WRONG_PERSON = "wrong_person"
    DONE = "done"
    STOP = "stop"
    UNREADABLE = "unreadable"
    #: the wrong date on the link page; never leaves the service
    DECOY = "decoy"


class ReplyChannel(StrEnum):
    """Where an answer came from."""

    SMS = "sms"
    VOICE = "voice"
    LINK = "link"
    LETTER = "letter"
    EMAIL = "email"
    AGENCY = "agency"
    PHONE = "phone"


class ReplyEffect(StrEnum):
    """What an answer changed."""

    ACKNOWLEDGED = "acknowledged"
    AMBIGUOUS = "ambiguous"
    IGNORED = "ignored"
    FORWARDED = "forwarded"
    BOT_SUSPECT = "bot_suspect"


class Identity(StrEnum):
    """How sure we are who answered."""

    NONE = "none"
    LINK = "link"
    DTMF = "dtmf"
    CODE = "code"
    AGENCY = "agency"


class AnsweredBy(StrEnum):
    """Who said that they answered."""

    SELF = "self"
    HELPER = "helper"
    UNKNOWN = "unknown"


class Step(StrEnum):
    """The rungs of the two ladders (rules §10.5)."""

    #: first notice
    N0 = "N0"
    #: the letter that accompanies a formal convocation
    L = "L"
    #: reminders
    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    #: fallback after a failure or silence
    F = "F"
    #: the meeting was moved, or takes place after all
    CORRECTIVE = "corrective"
    #: the meeting was cancelled
    CANCELLATION = "cancellation"
    #: "is this your number?": no content, asks for an answer (§10.7)
    VERIFICATION = "verification"
    #: to the point that was replaced: "your number was changed" (§10.7)
    CHANGED = "changed"
    #: actualisation
    A0 = "A0"
    A1 = "A1"
    A2 = "A2"
    A3 = "A3"
    A4 = "A4"
    A5 = "A5"
    A6 = "A6"


class AlertType(StrEnum):
    """What an advisor is told (contracts §3)."""

    NO_CHANNEL = "NO_CHANNEL"
    SHORT_NOTICE = "SHORT_NOTICE"
    UNREACHABLE = "UNREACHABLE"
    UNCONFIRMED = "UNCONFIRMED"
    CONTACT_DEAD = "CONTACT_DEAD"
    CONTACT_SUSPECT = "CONTACT_SUSPECT"
    WRONG_PERSON = "WRONG_PERSON"
    CANNOT_COME = "CANNOT_COME"
    CALLBACK_REQUESTED = "CALLBACK_REQUESTED"
    CONTRADICTORY_REPLIES = "CONTRADICTORY_REPLIES"
    INBOUND_MESSAGE = "INBOUND_MESSAGE"
    ACTUALISATION_AT_RISK = "ACTUALISATION_AT_RISK"
    ACTUALISATION_LAST_DAY = "ACTUALISATION_LAST_DAY"
    ACTUALISATION_MISSED = "ACTUALISATION_MISSED"
    TRAVELS_FOR_NOTHING = "TRAVELS_FOR_NOTHING"
    NON_RECEIPT_DOSSIER = "NON_RECEIPT_DOSSIER"


class AlarmType(StrEnum):
    """What operations are told (contracts §3)."""

    #: a provider accepts SMS for a network, and nothing says that they arrive
    RECEIPTS_LOW = "RECEIPTS_LOW"
    PROVIDER_DOWN = "PROVIDER_DOWN"
    #: a mail domain, or an SMS provider, refuses us
    POLICY_REJECTIONS = "POLICY_REJECTIONS"
    #: completions of the actualisation do not come any more
    FEED_SILENT = "FEED_SILENT"
    DEAD_LETTERS = "DEAD_LETTERS"
    OVERDUE_WORK = "OVERDUE_WORK"
    LATE_AFTER_OUTAGE = "LATE_AFTER_OUTAGE"
    FORGED_CALLBACKS = "FORGED_CALLBACKS"
    UNUSUAL_ACCESS = "UNUSUAL_ACCESS"


class Severity(StrEnum):
    """How little time is left."""

    INFO = "info"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Routed(StrEnum):
    """Whose list an alert stands on."""

    REFERENT = "referent"
    BACKUP = "backup"
    AGENCY = "agency"


class Verdict(StrEnum):
    """What can be said once the date has passed (contracts §3)."""

    PROVED = "proved"
    NOT_PROVED = "not_proved"
    ABSENCE_ANNOUNCED = "absence_announced"
    SERVICE_AT_FAULT = "service_at_fault"


class Lane(StrEnum):
    """Two claim lanes: millions of openings never stand before a convocation (docs/architecture.md)."""

    LIVE = "live"
    CAMPAIGN = "campaign"


class Why(StrEnum):
    """Why a channel is left out, a step skipped, an attempt cancelled or failed. Also the metric label."""

    # a channel is not usable
    FORBIDDEN = "forbidden"
    NO_CONTACT = "no_contact"
    CONTACT_DISABLED = "contact_disabled"
    CONTACT_INVALID = "contact_invalid"
    TO_BE_VERIFIED = "to_be_verified"
    NOT_A_MOBILE = "not_a_mobile"
    CONSTRAINT = "constraint"
    STOPPED = "stopped"
    # a step is left out
    CAP_REACHED = "cap_reached"
    TOO_LATE = "too_late"
    LETTER_TOO_LATE = "letter_too_late"
    NO_OTHER_CHANNEL = "no_other_channel"
    NO_CHANNEL = "no_channel"
    NOT_ELIGIBLE = "not_eligible"
    NOT_CALLED = "not_called"
    CLOSED_DAY = "closed_day"
    ON_HOLD = "on_hold"
    PAUSED = "paused"
    # an attempt ends before it is sent
    ACKNOWLEDGED = "acknowledged"
    DECLINED = "declined"
    DONE = "done"
    HANDLED = "handled"
    CANCELLED_AT_SOURCE = "cancelled_at_source"
    MISSED = "missed"
    SUPERSEDED = "superseded"
    ERASED = "erased"
    OUTSIDE_WINDOW = "outside_window"
    CONTACT_CHANGED = "contact_changed"
    # an attempt fails
    NO_RECEIPT = "no_receipt"
    NO_OUTCOME = "no_outcome"
    REJECTED_BY_PROVIDER = "rejected_by_provider"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    UNRENDERABLE = "unrenderable"
