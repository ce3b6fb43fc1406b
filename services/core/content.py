"""What a message says, ready to be handed to a provider, and what the texts are made from."""

from dataclasses import dataclass
from datetime import date, datetime

from services.core.model import Agency, Contact, Obligation, Person
from services.core.words import Channel, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Everything that the words of one message may depend on. Codes and values only: the words are the templates'."""

    channel: Channel
    step: Step
    #: meetings, most urgent first; then, alone or after them by SMS, one actualisation
    obligations: tuple[Obligation, ...]
    person: Person
    contact: Contact
    #: IANA zone in which dates and hours are said (the place's for a meeting, the residence's for an actualisation)
    zone: str
    now: datetime
    #: the agency of the person: name, telephone, address
    agency: Agency | None
    #: eight characters, K7Q4-PM2X
    reference: str
    #: acknowledgement page; none unless the person takes links
    link: str | None = None
    #: number that our calls show, national form, e.g. "09 48 12 34 56"
    calling_number: str
    #: the number that sends our SMS
    sms_sender: str
    #: parts that an SMS about several duties may have (§4.3)
    bundle_parts: int
    #: the first SMS announces that we may call
    announces_call: bool = False
    #: answering by SMS is free for this person
    reply_by_sms: bool = True
    #: « si ce n'est pas déjà fait »
    perhaps_done: bool = False
    #: every meeting was acknowledged before: short reminder
    short: bool = False
    #: they wrote STOP and have not been told yet that their duties remain
    after_stop: bool = False
    #: with a corrective: the meeting was announced as cancelled, and takes place after all (« a bien lieu »)
    reopened: bool = False
    #: last day on which the agency can be used, when earlier than the deadline or when the person depends on it
    last_agency_day: date | None = None
    #: its doors have closed on that day
    agency_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsContent:
    """An SMS as it will be sent."""

    text: str
    #: "GSM-7" or "UCS-2"
    encoding: str
    parts: int

    @property
    def words(self) -> str:
        """What the person reads."""
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceContent:
    """A call's script (rules §5): nothing of the content is said before the identity question is answered."""

    #: ① who calls, for whom
    greeting: str
    #: ② press 1 if it is you, 9 if it is not
    identity_question: str
    #: ③ the content
    body: str
    #: ④ press 1, 2, 3, 0
    choices: str
    #: after a valid key at ④, per key
    thanks: dict[str, str]
    unknown_key: str
    goodbye: str
    voicemail: str
    #: the person may press 2 at ② for « rappelez plus tard » (discreet)
    later_allowed: bool = False
    #: speed in per cent of normal, 100 or less
    rate: int = 100
    #: the body is said twice of itself
    repeat: bool = False

    @property
    def words(self) -> str:
        """The script in the order in which it is heard."""
        return f"{self.greeting}\n{self.identity_question}\n{self.body}\n{self.choices}\n{self.goodbye}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailContent:
    """An e-mail; ``calendar`` is the .ics attachment."""

    subject: str
    text: str
    html: str
    calendar: bytes | None = None

    @property
    def words(self) -> str:
        """Subject and text."""
        return f"{self.subject}\n{self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterContent:
    """A letter: PDF for the printer, the same words as text for the proof."""

    pdf: bytes
    text: str
    pages: int
    address_lines: tuple[str, ...]

    @property
    def words(self) -> str:
        """What the person reads."""
        return self.text


Content = SmsContent | VoiceContent | EmailContent | LetterContent


class Unrenderable(Exception):
    """The texts refuse these values (an empty ``access_info``, an address that does not fit); ``code`` is bounded."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)
