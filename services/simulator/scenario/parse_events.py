"""Reads the events of a scenario file: one reader for each word."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.core.model import Place
from services.core.words import AnsweredBy, Channel, Choice, Identity, ReceiptStatus, ReplyChannel, Step
from services.simulator.scenario.file import (
    ActualisationEvent,
    AdvisorAction,
    AdvisorSpec,
    AdvisorUpdated,
    AgencySpec,
    AgencyUpdated,
    Crash,
    Erase,
    Event,
    MeetingEvent,
    OpenLink,
    Outage,
    PersonUpdated,
    Pick,
    ReceiptEvent,
    ReplyEvent,
)
from services.simulator.scenario.names import Names
from services.simulator.scenario.nodes import NO_INSTANT, Fields, Item, Reading
from services.simulator.scenario.parse_people import read_change
from services.simulator.scenario.parse_staff import Staff, read_advisor, read_agency
from services.simulator.scenario.words import Action, CrashPoint, EventWord, Method, Process, Server

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_AWAY = (*(process.value for process in Process), *(server.value for server in Server))
#: words with ``starts``: they announce a meeting
ANNOUNCING = frozenset(
    (
        EventWord.APPOINTMENT_SCHEDULED,
        EventWord.APPOINTMENT_RESCHEDULED,
        EventWord.CONVOCATION_ISSUED,
        EventWord.CONVOCATION_RESCHEDULED,
    ),
)


@dataclass(slots=True, kw_only=True)
class Context:
    """What readers of events look up, and where things stand after the events read so far (in order of instant)."""

    names: Names
    #: of the event that is being read
    word: EventWord = EventWord.REPLY
    advisors: dict[str, AdvisorSpec]
    agencies: dict[str, AgencySpec]
    #: meetings announced so far: obligation → the person or crowd
    meetings: dict[str, str] = field(default_factory=dict)


def read_events(item: Item | None, names: Names, staff: Staff) -> tuple[Event, ...]:
    """All events, in order of instant, then of the file."""
    context = Context(names=names, advisors=dict(staff.advisors), agencies=dict(staff.agencies))
    entries = sorted(item.items() if item is not None else (), key=lambda entry: _instant_of(entry) or NO_INSTANT)
    events = [event for entry in entries if (event := _read_event(entry, context)) is not None]
    return tuple(sorted(events, key=lambda event: event.at))


def first_instant(item: Item | None) -> datetime | None:
    """The earliest ``at`` (or ``from``) of the events."""
    entries = item.items() if item is not None and item.is_list else []
    return min((instant for entry in entries if (instant := _instant_of(entry)) is not None), default=None)


def _instant_of(entry: Item) -> datetime | None:
    """When an entry happens, read quietly: its mistakes are noted when it is read in earnest."""
    quiet = replace(entry, reading=Reading(file="", text="", zone=entry.reading.zone))
    fields = quiet.fields() if quiet.is_mapping else None
    moment = None if fields is None else fields.take("at") or fields.take("from")
    instant = None if moment is None else moment.instant()
    return None if quiet.reading.mistakes else instant


def _read_event(entry: Item, context: Context) -> Event | None:
    fields = entry.fields()
    word_item = fields.take("event")
    if word_item is None:
        entry.wrong("`event` is missing")
        return None
    before = len(entry.reading.mistakes)
    context.word = word_item.word(EventWord)
    if len(entry.reading.mistakes) > before:
        return None
    event = READERS[context.word](fields, context)
    fields.done()
    return event


def _at(fields: Fields) -> datetime:
    return fields.need("at", Item.instant, NO_INSTANT)


def _id(item: Item) -> str:
    text = item.text()
    if not _ID.fullmatch(text):
        item.wrong("an identifier of 1 to 64 characters of A-Z a-z 0-9 . _ : - is expected")
    return text


def _meeting(fields: Fields, context: Context) -> MeetingEvent:
    names, word, announces = context.names, context.word, context.word in ANNOUNCING
    convocation = word.startswith("convocation.")
    identifier = fields.need("id", _id, "")
    kind = "cv" if convocation else "rdv"
    known = context.meetings.get(f"{kind}:{identifier}")
    person = fields.get("person", names.someone, known) if known else fields.need("person", names.someone, "")
    person = person or ""
    if announces:
        context.meetings.setdefault(f"{kind}:{identifier}", person)
    (names.crowd_obligations if person in names.crowds else names.obligations).add(f"{kind}:{identifier}")
    event = MeetingEvent(
        at=_at(fields),
        word=word,
        id=identifier,
        person=person,
        revision=fields.get("revision", lambda item: item.integer(1), None),
        starts=_starts(fields, first=known is None) if announces else None,
        duration_minutes=fields.get("duration_minutes", lambda item: item.integer(1), None) if announces else None,
        mandatory=fields.get("mandatory", Item.boolean, None) if announces else None,
        legal_value=fields.get("legal_value", _legal_value, None) if announces else None,
        place=fields.get("place", lambda item: _place(item, names), None) if announces else None,
        purpose=fields.get("purpose", Item.text, None) if announces else None,
        replaces=fields.get("replaces", _id, None) if announces else None,
        advisor=fields.get("advisor", names.advisor, None) if announces else None,
        by=fields.get("by", _by, None) if word.endswith(".cancelled") else None,
    )
    if convocation and event.mandatory is False:
        fields.item.wrong("a convocation is always mandatory")
    return event


def _starts(fields: Fields, *, first: bool) -> datetime | None:
    if first:
        return fields.need("starts", Item.instant, NO_INSTANT)
    return fields.get("starts", Item.instant, None)


def _legal_value(item: Item) -> str:
    return _one_of(item, ("informative", "formal"))


def _by(item: Item) -> str:
    return _one_of(item, ("service", "person"))


def _one_of(item: Item, words: tuple[str, ...]) -> str:
    text = item.text()
    if text and text not in words:
        item.unknown(text, words)
    return text


def _place(item: Item, names: Names) -> Place:
    fields = item.fields()
    place = Place(
        kind=fields.need("kind", lambda kind: _one_of(kind, ("agency", "phone", "video", "other")), "agency"),
        name=fields.need("name", Item.text, ""),
        address=fields.get("address", Item.text, None),
        access_info=fields.get("access_info", Item.text, None),
        agency_id=fields.get("agency_id", names.agency, None),
    )
    fields.done()
    return place


def _actualisation(fields: Fields, context: Context) -> ActualisationEvent:
    names = context.names
    person = fields.need("person", names.someone, "")
    period = fields.need("period", _period, "")
    names.obligations.add(f"act:{period}:{person}")
    opened = context.word is EventWord.ACTUALISATION_OPENED
    return ActualisationEvent(
        at=_at(fields),
        word=context.word,
        person=person,
        period=period,
        required=fields.get("required", Item.boolean, True) if opened else True,
        by="web" if opened else fields.get("by", lambda item: _one_of(item, ("web", "app", "phone", "agency", "advisor")), "web"),
    )


def _period(item: Item) -> str:
    text = item.text()
    if not _PERIOD.fullmatch(text):
        item.wrong('a period is expected, such as "2026-11"')
    return text


def _person_updated(fields: Fields, context: Context) -> PersonUpdated:
    names = context.names
    change = fields.take("update")
    if change is None:
        fields.item.wrong("`update` is missing")
    return PersonUpdated(
        at=_at(fields),
        person=fields.need("person", names.someone, ""),
        change=read_change(change or fields.item, names, new=False, also=() if change else ("at", "event", "person")),
    )


def _erase(fields: Fields, context: Context) -> Erase:
    return Erase(at=_at(fields), person=fields.need("person", context.names.someone, ""))


def _advisor_updated(fields: Fields, context: Context) -> AdvisorUpdated | None:
    name = fields.need("advisor", context.names.advisor, "")
    change, at = fields.take("update"), _at(fields)
    if change is None:
        fields.item.wrong("`update` is missing")
    before = context.advisors.get(name)
    if change is None or before is None:
        return None
    context.advisors[name] = read_advisor(name, change, context.names, before)
    return AdvisorUpdated(at=at, spec=context.advisors[name])


def _agency_updated(fields: Fields, context: Context) -> AgencyUpdated | None:
    name = fields.need("agency", context.names.agency, "")
    change, at = fields.take("update"), _at(fields)
    if change is None:
        fields.item.wrong("`update` is missing")
    before = context.agencies.get(name)
    if change is None or before is None:
        return None
    context.agencies[name] = read_agency(name, change, before)
    return AgencyUpdated(at=at, spec=context.agencies[name])


def _pick(item: Item) -> Pick:
    fields = item.fields()
    pick = Pick(
        step=fields.get("step", lambda word: word.word(Step), None),
        channel=fields.get("channel", lambda word: word.word(Channel), None),
    )
    fields.done()
    return pick


def _keys(item: Item) -> tuple[str, ...]:
    keys = tuple(item.text().split())
    if not all(re.fullmatch(r"[0-9*#]", key) for key in keys):
        item.wrong('keys are expected, in order: "1 2"')
    return keys


def _reply(fields: Fields, context: Context) -> ReplyEvent:
    names = context.names
    sender = fields.get("sender", Item.text, None)
    reply = ReplyEvent(
        at=_at(fields),
        person=fields.get("person", names.someone, None) if sender else fields.need("person", names.someone, ""),
        sender=sender,
        channel=fields.need("channel", lambda item: item.word(ReplyChannel), ReplyChannel.SMS),
        choice=fields.get("choice", lambda item: item.word(Choice), None),
        text=fields.get("text", Item.text, None),
        keys=fields.get("keys", _keys, ()),
        identity=fields.get("identity", lambda item: item.word(Identity), None),
        answered_by=fields.get("answered_by", lambda item: item.word(AnsweredBy), None),
        reason=fields.get("reason", Item.text, None),
        by=fields.get("by", Item.text, None),
        to=fields.get("to", _pick, None),
    )
    if reply.choice is None and reply.text is None and not reply.keys:
        fields.item.wrong("a reply has a `choice`, a `text` or `keys`")
    if reply.choice is Choice.DECOY:
        fields.item.wrong("the decoy is on the link's page: use `open_link`")
    return reply


def _receipt(fields: Fields, context: Context) -> ReceiptEvent:
    receipt = ReceiptEvent(
        at=_at(fields),
        person=fields.need("person", context.names.someone, ""),
        channel=fields.need("channel", lambda item: item.word(Channel), Channel.SMS),
        status=fields.get("status", lambda item: item.word(ReceiptStatus), None),
        raw=fields.get("raw", Item.text, None),
        to=fields.get("to", _pick, None),
        reported_at=fields.get("reported_at", Item.instant, None),
        forged=fields.get("forged", Item.boolean, False),
    )
    if receipt.status is None and receipt.raw is None:
        fields.item.wrong("a receipt has a `status` or a `raw`")
    return receipt


def _open_link(fields: Fields, context: Context) -> OpenLink:
    opened = OpenLink(
        at=_at(fields),
        person=fields.need("person", context.names.someone, ""),
        method=fields.get("method", lambda item: item.word(Method), Method.GET),
        choice=fields.get("choice", lambda item: item.word(Choice), None),
        answered_by=fields.get("answered_by", lambda item: item.word(AnsweredBy), None),
        reason=fields.get("reason", Item.text, None),
        to=fields.get("to", _pick, None),
    )
    if (opened.method is Method.POST) != (opened.choice is not None):
        fields.item.wrong("a POST has a `choice`, a HEAD or GET has none")
    return opened


def _crash(fields: Fields, _context: Context) -> Crash:
    crash = Crash(
        at=_at(fields),
        process=fields.need("process", lambda item: item.word(Process), Process.DELIVERY),
        when=fields.need("when", lambda item: item.word(CrashPoint), CrashPoint.BEFORE_COMMIT),
        restart_after=fields.get("restart_after", Item.duration, timedelta(seconds=5)),
    )
    if crash.when is CrashPoint.AFTER_PROVIDER_ACCEPTS and crash.process is not Process.DELIVERY:
        fields.item.wrong("only delivery hands messages to a provider: `after_provider_accepts` is never reached elsewhere")
    return crash


def _outage(fields: Fields, context: Context) -> Outage:
    start = fields.take("at")
    at = fields.get("from", Item.instant, None) or (start.instant() if start is not None else None)
    if at is None:
        fields.item.wrong("`from` is missing")
    until = fields.need("to", Item.instant, NO_INSTANT)
    outage = Outage(at=at or NO_INSTANT, until=until, of=fields.need("of", lambda item: _away(item, context.names), ""))
    if at is not None and outage.until < outage.at:
        fields.item.wrong("`to` lies before `from`")
    return outage


def _away(item: Item, names: Names) -> str:
    text = item.text()
    kind, colon, name = text.partition(":")
    if text and text not in _AWAY and not (kind == "provider" and colon and name in names.providers):
        item.unknown(text, [*_AWAY, *(f"provider:{provider}" for provider in names.providers)])
    return text


def _advisor_action(fields: Fields, context: Context) -> AdvisorAction:
    return AdvisorAction(
        at=_at(fields),
        advisor=fields.need("advisor", context.names.advisor, ""),
        obligation=fields.need("obligation", context.names.obligation, ""),
        action=fields.need("action", lambda item: item.word(Action), Action.HANDLED),
    )


Reader = Callable[[Fields, Context], Event | None]

#: how each word is read; a new word is one line here
READERS: Mapping[EventWord, Reader] = {
    EventWord.APPOINTMENT_SCHEDULED: _meeting,
    EventWord.APPOINTMENT_RESCHEDULED: _meeting,
    EventWord.APPOINTMENT_CANCELLED: _meeting,
    EventWord.APPOINTMENT_ATTENDED: _meeting,
    EventWord.APPOINTMENT_MISSED: _meeting,
    EventWord.CONVOCATION_ISSUED: _meeting,
    EventWord.CONVOCATION_RESCHEDULED: _meeting,
    EventWord.CONVOCATION_CANCELLED: _meeting,
    EventWord.CONVOCATION_ATTENDED: _meeting,
    EventWord.CONVOCATION_MISSED: _meeting,
    EventWord.ACTUALISATION_OPENED: _actualisation,
    EventWord.ACTUALISATION_COMPLETED: _actualisation,
    EventWord.PERSON_UPDATED: _person_updated,
    EventWord.PERSON_REMOVED: _erase,
    EventWord.ADVISOR_UPDATED: _advisor_updated,
    EventWord.AGENCY_UPDATED: _agency_updated,
    EventWord.REPLY: _reply,
    EventWord.RECEIPT: _receipt,
    EventWord.OPEN_LINK: _open_link,
    EventWord.CRASH: _crash,
    EventWord.OUTAGE: _outage,
    EventWord.ERASE: _erase,
    EventWord.ADVISOR_ACTION: _advisor_action,
}
