"""The JSON Schema of scenario files, made from the words that the parser reads; editors complete and check with it.

The parser checks more: who is named, what comes first, what the policy has. ``contracts/scenario.schema.json`` is this, printed.
"""

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from services.core.words import (
    AnsweredBy,
    Channel,
    Choice,
    Constraint,
    DeclaredBy,
    DigitalEase,
    Identity,
    PointKind,
    ReceiptStatus,
    ReplyChannel,
    Step,
)
from services.simulator.scenario.words import (
    CLOSED,
    JOURNAL,
    KEYS,
    PROVIDER_EXAMPLES,
    PROVIDER_WORDS,
    Action,
    CrashPoint,
    EventWord,
    Method,
    Process,
    Server,
    What,
)

Schema = dict[str, Any]

_NULL: Final[Schema] = {"type": "null"}
#: what is written without quotes is still read as text
_TEXT: Final[Schema] = {"type": ["string", "number", "boolean"]}
_BOOLEAN: Final[Schema] = {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false", "yes", "no", "on", "off"]}]}
_ID: Final[Schema] = {"type": ["string", "integer"], "pattern": "^[A-Za-z0-9_.:-]{1,64}$"}
_NAME: Final = "^[A-Za-z0-9_-]+$"
_EXPRESSION: Final[Schema] = {"type": "string", "pattern": "^/[\\s\\S]*/i?$"}


def schema() -> Schema:
    """Draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://sans-faute.example/contracts/scenario.schema.json",
        "title": "Scenario file",
        "description": "A story for `sans-faute simulate`: who exists, what happens when, how the world reacts, what must come out. "
        "Editors complete and check with it; the parser checks more (names, times, the order of things).",
        **_mapping(
            {
                "scenario": _TEXT,
                "title": _TEXT,
                "zone": _said("IANA zone of every time below that has none; default: Europe/Paris", {"type": "string"}),
                "policy": _said("overrides of policy values, by dotted name", {"type": "object"}),
                "until": _said("when the clock stops; default: a day after the last date in the file", _ref("instant")),
                "advisors": _named("advisor"),
                "agencies": _named("agency"),
                "people": _named("person"),
                "crowds": _named("crowd"),
                "providers": _providers(),
                "world": _list(_ref("rule")),
                "events": _list(_ref("event")),
                "expect": _list(_ref("expectation")),
            },
            need=("scenario",),
        ),
        "$defs": _values() | _places() | {"event": _event(), "rule": _rule(), "expectation": _expectation(), "line": _lines()},
    }


def text() -> str:
    """As ``contracts/scenario.schema.json`` has it: a line for each definition."""
    whole = schema()
    inner = {"$defs", "properties"}
    parts = [f'  "{key}": {_written(one, apart=key in inner)}' for key, one in whole.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _written(one: object, *, apart: bool) -> str:
    if not apart or not isinstance(one, dict):
        return json.dumps(one, ensure_ascii=False)
    return "{\n" + ",\n".join(f'    "{key}": {json.dumps(inner, ensure_ascii=False)}' for key, inner in one.items()) + "\n  }"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _said(description: str, one: Schema) -> Schema:
    return {"description": description, **one}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _words(words: Iterable[StrEnum]) -> Schema:
    return {"enum": [word.value for word in words]}


def _whole(least: int) -> Schema:
    return {"type": "integer", "minimum": least}


def _mapping(keys: Mapping[str, Schema], need: Iterable[str] = ()) -> Schema:
    """These keys and no others; what is not needed may be there with nothing behind it."""
    needed = list(need)
    properties = {key: one if key in needed else {"anyOf": [one, _NULL]} for key, one in keys.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": needed}


def _named(kind: str) -> Schema:
    return {"type": "object", "propertyNames": {"pattern": _NAME}, "additionalProperties": {"anyOf": [_ref(kind), _NULL]}}


def _values() -> dict[str, Schema]:
    date = r"\d{4}-\d{2}-\d{2}"
    return {
        "instant": _said(
            "2026-12-01T10:30, in the scenario's zone unless it has an offset",
            {"type": "string", "pattern": rf"^{date}([T ]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?(Z|[+-]\d{{2}}:\d{{2}})?)?$"},
        ),
        "date": {"type": "string", "pattern": f"^{date}$"},
        "span": _said("[from, to], both ends included", _list(_ref("instant")) | {"minItems": 2, "maxItems": 2}),
        "duration": _said("5s, 10m, 1h30m, 2d", {"type": "string", "pattern": r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"}),
        "postal_code": {"type": ["string", "integer"], "pattern": r"^\d{5}$"},
        "verified": _said("default: by the person, six months before the play", {"anyOf": [{"const": "never"}, _ref("instant")]}),
        "when": {"anyOf": [_ref("instant"), _ref("span")]},
        "times": {"anyOf": [_whole(0), _mapping({"min": _whole(0), "max": _whole(0)})]},
        "wanted": _said("a value, '/an expression/', a list of which each must be there, {min, max}; or nothing", _wanted(_TEXT)),
        "pick": _said("which message: the newest that fits", _mapping({"step": _words(Step), "channel": _words(Channel)})),
    }


def _places() -> dict[str, Schema]:
    """Who and what exists."""
    absence = _mapping({"from": _ref("date"), "to": _ref("date")}, need=("from",))
    place = dict.fromkeys(("name", "address", "access_info", "agency_id"), _TEXT)
    agency = dict.fromkeys(("name", "phone", "address", "access_info", "opening", "duty_email"), _TEXT)
    return {
        "advisor": _mapping(dict.fromkeys(("name", "agency", "backup", "email"), _TEXT) | {"absences": _list(absence), "active": _BOOLEAN}),
        "agency": _mapping(agency | {"postal_code": _ref("postal_code"), "closures": _list(_ref("date"))}),
        "place": _mapping({"kind": {"enum": ["agency", "phone", "video", "other"]}, **place}, need=("kind", "name")),
        "contact": _contact(),
        "person": _mapping(_person()),
        "crowd": _mapping({"count": _whole(1), "like": _TEXT, **_person()}, need=("count", "like")),
    }


def _contact() -> Schema:
    origin = {"declared_by": _words(DeclaredBy), "verified": _ref("verified"), "carrier": _TEXT}
    written = _mapping({"channel": {"enum": [PointKind.PHONE, PointKind.EMAIL]}, "value": _TEXT, **origin}, need=("channel", "value"))
    postal = _mapping({"channel": {"const": PointKind.POSTAL}, "lines": _list(_TEXT), **origin}, need=("channel", "lines"))
    return {"if": {"properties": {"channel": {"const": PointKind.POSTAL}}}, "then": postal, "else": written}


def _person() -> dict[str, Schema]:
    hold = _mapping({"reason": _TEXT, "until": _ref("date")}, need=("reason",))
    follower = _mapping({"organisation": _TEXT, "advisor_id": _TEXT}, need=("organisation",))
    hour = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
    span = _mapping({"from": hour, "to": hour}, need=("from", "to"))
    return {
        **dict.fromkeys(("first_name", "last_name", "language", "phone", "email", "carrier", "referent", "backup", "agency"), _TEXT),
        "postal_code": _ref("postal_code"),
        "preferred": _words(Channel),
        "forbidden": _list(_words(Channel)),
        "constraints": _list(_words(Constraint)),
        "digital_ease": _words(DigitalEase),
        "asked_opening_notice": _BOOLEAN,
        "missed_actualisations": _whole(0) | {"maximum": 3},
        "hold": hold,
        "followers": _list(follower),
        "quiet": _said("local hours of each day at which nobody writes or calls", _list(span)),
        "known_from": _said("the directory tells of this person only then", _ref("instant")),
        "phones": _list(_TEXT),
        "postal": _list(_TEXT),
        "contacts": _list(_ref("contact")),
        "declared_by": _words(DeclaredBy),
        "verified": _ref("verified"),
    }


def _providers() -> Schema:
    names = _list(_TEXT) | {"minItems": 1, "uniqueItems": True}
    return _said(
        "names in order of preference; one named `a` where nothing is said", _mapping({channel.value: names for channel in Channel})
    )


# ---- events


def _event() -> Schema:
    branches = [
        {
            "if": {"properties": {"event": {"enum": [word.value for word in words]}}, "required": ["event"]},
            "then": _mapping({"event": {}, **keys}, need=("event", *need)),
        }
        for words, keys, need in _EVENTS
    ]
    return {"type": "object", "properties": {"event": _words(EventWord)}, "required": ["event"], "allOf": branches}


_ABOUT_A_MEETING: Final[dict[str, Schema]] = {"at": _ref("instant"), "id": _ID, "person": _TEXT, "revision": _whole(1)}
_ANNOUNCED: Final[dict[str, Schema]] = {
    **_ABOUT_A_MEETING,
    "starts": _ref("instant"),
    "duration_minutes": _whole(1),
    "mandatory": _BOOLEAN,
    "legal_value": {"enum": ["informative", "formal"]},
    "place": _ref("place"),
    "purpose": _TEXT,
    "replaces": _ID,
    "advisor": _TEXT,
}
_PERIOD: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[0-2])$"}
_OF_A_PERIOD: Final[dict[str, Schema]] = {"at": _ref("instant"), "person": _TEXT, "period": _PERIOD}
_ANSWER: Final[dict[str, Schema]] = {"answered_by": _words(AnsweredBy), "reason": _TEXT, "to": _ref("pick")}
_REPLIES: Final[Schema] = {"enum": [choice.value for choice in Choice if choice is not Choice.DECOY]}
_CALLS: Final[Schema] = {"type": ["string", "integer"], "pattern": r"^[0-9*#](\s+[0-9*#])*$"}
_AWAY: Final[Schema] = {"type": "string", "pattern": f"^({'|'.join([*Process, *Server])}|provider:.+)$"}

#: words that are written alike, their keys, and which of these must be there
_EVENTS: Final[tuple[tuple[tuple[EventWord, ...], dict[str, Schema], tuple[str, ...]], ...]] = (
    (
        (
            EventWord.APPOINTMENT_SCHEDULED,
            EventWord.APPOINTMENT_RESCHEDULED,
            EventWord.CONVOCATION_ISSUED,
            EventWord.CONVOCATION_RESCHEDULED,
        ),
        _ANNOUNCED,
        ("at", "id"),
    ),
    (
        (EventWord.APPOINTMENT_CANCELLED, EventWord.CONVOCATION_CANCELLED),
        {**_ABOUT_A_MEETING, "by": {"enum": ["service", "person"]}},
        ("at", "id"),
    ),
    (
        (EventWord.APPOINTMENT_ATTENDED, EventWord.APPOINTMENT_MISSED, EventWord.CONVOCATION_ATTENDED, EventWord.CONVOCATION_MISSED),
        _ABOUT_A_MEETING,
        ("at", "id"),
    ),
    ((EventWord.ACTUALISATION_OPENED,), {**_OF_A_PERIOD, "required": _BOOLEAN}, ("at", "person", "period")),
    (
        (EventWord.ACTUALISATION_COMPLETED,),
        {**_OF_A_PERIOD, "by": {"enum": ["web", "app", "phone", "agency", "advisor"]}},
        ("at", "person", "period"),
    ),
    ((EventWord.PERSON_UPDATED,), {"at": _ref("instant"), "person": _TEXT, "update": _ref("person")}, ("at", "person", "update")),
    ((EventWord.PERSON_REMOVED, EventWord.ERASE), {"at": _ref("instant"), "person": _TEXT}, ("at", "person")),
    ((EventWord.ADVISOR_UPDATED,), {"at": _ref("instant"), "advisor": _TEXT, "update": _ref("advisor")}, ("at", "advisor", "update")),
    ((EventWord.AGENCY_UPDATED,), {"at": _ref("instant"), "agency": _TEXT, "update": _ref("agency")}, ("at", "agency", "update")),
    (
        (EventWord.REPLY,),
        {
            "at": _ref("instant"),
            **dict.fromkeys(("person", "sender", "text", "by"), _TEXT),
            "channel": _words(ReplyChannel),
            "choice": _REPLIES,
            "keys": _CALLS,
            "identity": _words(Identity),
            **_ANSWER,
        },
        ("at", "channel"),
    ),
    (
        (EventWord.RECEIPT,),
        {
            "at": _ref("instant"),
            "person": _TEXT,
            "channel": _words(Channel),
            "status": _words(ReceiptStatus),
            "raw": _TEXT,
            "to": _ref("pick"),
            "reported_at": _ref("instant"),
            "forged": _BOOLEAN,
        },
        ("at", "person", "channel"),
    ),
    (
        (EventWord.OPEN_LINK,),
        {"at": _ref("instant"), "person": _TEXT, "method": _words(Method), "choice": _words(Choice), **_ANSWER},
        ("at", "person"),
    ),
    (
        (EventWord.CRASH,),
        {"at": _ref("instant"), "process": _words(Process), "when": _words(CrashPoint), "restart_after": _ref("duration")},
        ("at", "process", "when"),
    ),
    ((EventWord.OUTAGE,), {"at": _ref("instant"), "from": _ref("instant"), "to": _ref("instant"), "of": _AWAY}, ("to", "of")),
    (
        (EventWord.ADVISOR_ACTION,),
        {"at": _ref("instant"), "advisor": _TEXT, "obligation": _TEXT, "action": _words(Action)},
        ("at", "advisor", "obligation", "action"),
    ),
)


# ---- world and expectations


def _rule() -> Schema:
    """The words of a reaction are its channel's."""
    keys = {
        "channel": _words(Channel),
        "person": _TEXT,
        "step": _words(Step),
        "nth": _whole(1),
        "between": _ref("span"),
        "carrier": _TEXT,
        "provider": _TEXT,
        "then": {},
    }
    branches = [
        {
            "if": {"properties": {"channel": {"const": channel.value}}},
            "then": {"properties": {"then": {"anyOf": [_reaction(channel), _list(_reaction(channel))]}}},
        }
        for channel in Channel
    ]
    return _said("the first rule that matches an attempt decides", _mapping(keys, need=("channel", "then"))) | {"allOf": branches}


def _reaction(channel: Channel) -> Schema:
    words = PROVIDER_WORDS[channel].pattern + (f"|{KEYS.pattern}" if channel is Channel.VOICE else "")
    later: dict[str, Schema] = {"after": _ref("duration"), "at": _ref("instant")}
    told: dict[str, Schema] = {"receipt": _said(PROVIDER_EXAMPLES[channel], {"type": "string", "pattern": f"^\\s*({words})\\s*$"})}
    if channel in {Channel.SMS, Channel.EMAIL}:
        told["reply"] = _TEXT
    at_once: dict[str, Schema] = {"refuse": _TEXT, "hang": _ref("duration")}
    ways = [_mapping({**later, key: one}, (key,)) for key, one in told.items()]
    return {"oneOf": ways + [_mapping({key: one}, (key,)) for key, one in at_once.items()]}


def _expectation() -> Schema:
    only = _mapping({"only": {"allOf": [_ref("line"), {"required": ["times"]}]}}, need=("only",))
    return {"if": {"required": ["only"]}, "then": only, "else": _ref("line")}


def _lines() -> Schema:
    """A line of the journal: its fields are those of its kind."""
    branches = [{"if": {"properties": {"what": {"const": what.value}}, "required": ["what"]}, "then": _line(what)} for what in What]
    return {"type": "object", "properties": {"what": _words(What)}, "required": ["what"], "allOf": branches}


def _line(what: What) -> Schema:
    keys: dict[str, Schema] = {
        "what": {},
        "at": _ref("when"),
        "before": _ref("instant"),
        "after": _ref("instant"),
        "times": _ref("times"),
        "never": _BOOLEAN,
    }
    closed: dict[str, Schema] = {key: {"anyOf": [{"enum": sorted(words)}, _EXPRESSION]} for key, words in CLOSED.get(what, {}).items()}
    wanted = {key: _wanted(closed[key]) if key in closed else _ref("wanted") for key in sorted(JOURNAL[what])}
    return _mapping(keys | wanted, need=("what",))


def _wanted(plain: Schema) -> Schema:
    """A value, a list of which each must be there, or the bounds of a number."""
    return {"anyOf": [plain, _list(plain), _mapping({"min": {"type": "number"}, "max": {"type": "number"}})]}
