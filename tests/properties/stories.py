"""Stories that nobody wrote, in the scenario language: what fails is a file that `sans-faute simulate` plays again."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from services.core.words import Channel, Constraint, DeclaredBy, DigitalEase
from services.simulator.scenario.words import PROVIDER_WORDS, Process, Server
from tests.properties.lives import POSTAL_CODES

PARIS: Final = ZoneInfo("Europe/Paris")
START: Final = datetime(2026, 11, 23, 8, tzinfo=PARIS)
UNTIL: Final = datetime(2026, 12, 18, 12, tzinfo=PARIS)
#: longer than any outage or restart below: after it, everybody who was away has caught up
CAUGHT_UP: Final = timedelta(hours=8)

PEOPLE: Final = ("ada", "bob", "zoe")
_WORDS: Final[dict[Channel, tuple[str, ...]]] = {
    Channel.SMS: ("none", "delivered", "undelivered unknown_subscriber", "undelivered unreachable", "rejected", "expired"),
    Channel.EMAIL: ("none", "delivered", "bounce 5.1.1", "bounce 4.2.2", "bounce 5.7.1", "complaint", "out_of_office"),
    Channel.VOICE: ("no_answer", "busy", 'keys "1 1"', 'keys "1 2"', 'keys "1 3"', 'keys "9"', "human_silent", "machine", "fax", "cause 1"),
    Channel.LETTER: ("processed", "returned N02", "returned N05", "rejected ADDRESS_LINE_6_WRONG_FORMAT"),
}
_REFUSALS: Final = {Channel.SMS: "ESME_RTHROTTLED", Channel.EMAIL: "421 4.7.0", Channel.VOICE: "429", Channel.LETTER: "503"}
_SAID: Final = ("1", "2", "3", "9", "STOP", "1A", "c'est fait", "c'est pas moi", "je comprend pas")


@dataclass(slots=True)
class Draft:
    """A story being made up."""

    draw: st.DrawFn
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    #: meeting → its person and kind
    meetings: dict[str, tuple[str, str]] = field(default_factory=dict)

    def one(self, of: Any) -> Any:
        """One of these."""
        return self.draw(st.sampled_from(tuple(of)))

    def seldom(self, strategy: st.SearchStrategy[Any]) -> Any:
        """Mostly nothing."""
        return self.draw(strategy) if self.draw(st.integers(0, 4)) == 4 else None

    def instant(self, least: int = 0, most: int = 60 * 24 * 16) -> str:
        """Some minutes after the beginning."""
        return _written(START + timedelta(minutes=self.draw(st.integers(least, most))))


def _written(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat()


@st.composite
def stories(draw: st.DrawFn) -> str:
    """A scenario file as text: one to three people of whom two share a number, what happens to them, how the world reacts."""
    draft = Draft(draw)
    for name in PEOPLE[: draw(st.integers(1, 3))]:
        draft.people[name] = _person(draft, name)
    for _ in range(draw(st.integers(1, 9))):
        draft.events.append(_EVENTS[draft.one(_EVENTS)](draft))
    world = [_rule(draft) for _ in range(draw(st.integers(0, 5)))]
    told = {
        "scenario": "made up",
        "until": _written(UNTIL),
        "people": draft.people,
        "world": world,
        # a meeting is announced before anything else happens to it
        "events": sorted(draft.events, key=lambda event: str(event.get("at", event.get("from")))),
        "expect": [],
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def _person(draft: Draft, name: str) -> dict[str, Any]:
    shared = name == "bob" and draft.draw(st.booleans())
    phone = {"channel": "phone", "value": f"06 12 34 56 0{1 if shared else PEOPLE.index(name) + 1}"}
    mail = {"channel": "email", "value": f"{name}@fai.example"}
    home = {"channel": "postal", "lines": [f"{name.upper()} TEST", "12 RUE DES LILAS", "75011 PARIS"]}
    points = [point for point in (phone, mail, home) if draft.draw(st.integers(0, 4))]
    for point in points:
        doubtful = draft.seldom(st.sampled_from(DeclaredBy))
        if doubtful is not None:
            point |= {"declared_by": doubtful.value, "verified": "never"}
    told: dict[str, Any] = {
        "postal_code": draft.one(POSTAL_CODES),
        "preferred": draft.one(Channel).value,
        "digital_ease": draft.one(DigitalEase).value,
        "asked_opening_notice": draft.draw(st.booleans()),
        "contacts": points,
        "forbidden": [one.value for one in draft.seldom(st.lists(st.sampled_from(Channel), max_size=2, unique=True)) or ()],
        "constraints": [one.value for one in draft.seldom(st.lists(st.sampled_from(Constraint), max_size=2, unique=True)) or ()],
        "known_from": draft.seldom(st.just(_written(START + timedelta(hours=50)))),
    }
    if draft.seldom(st.just(1)):
        told["hold"] = {"reason": "accord", "until": draft.one(("2026-11-25", "2026-12-02"))}
    return told


def _rule(draft: Draft) -> dict[str, Any]:
    channel = draft.one(Channel)
    rule: dict[str, Any] = {"channel": channel.value, "person": draft.one(draft.people), "nth": draft.seldom(st.integers(1, 2))}
    kind = draft.one(("once", "once", "twice", "refused", "silence", "answered"))
    told = [{"after": f"{draft.draw(st.integers(1, 900))}s", "receipt": draft.one(_WORDS[channel])}]
    if kind == "twice":
        told.append({"after": f"{draft.draw(st.integers(1, 300))}m", "receipt": draft.one(_WORDS[channel])})
    elif kind == "answered" and channel in {Channel.SMS, Channel.EMAIL}:
        told.append({"after": f"{draft.draw(st.integers(1, 600))}m", "reply": draft.one(_SAID)})
    elif kind == "refused":
        return rule | {"between": [_written(START), draft.instant()], "then": {"refuse": _REFUSALS[channel]}}
    elif kind == "silence":
        return rule | {"then": {"hang": "30s"}}
    return rule | {"then": told}


# ---- what may happen


def _announced(draft: Draft) -> dict[str, Any]:
    kind, person, name = draft.one(("convocation", "appointment")), draft.one(draft.people), f"m{len(draft.meetings)}"
    at = draft.draw(st.integers(0, 60 * 24 * 10))
    ahead = draft.draw(st.one_of(st.integers(60, 60 * 24 * 3), st.integers(60 * 24 * 3, 60 * 24 * 14)))
    event = {
        "at": _written(START + timedelta(minutes=at)),
        "event": "convocation.issued" if kind == "convocation" else "appointment.scheduled",
        "id": name,
        "person": person,
        "starts": _written(START + timedelta(minutes=at + ahead)),
        "legal_value": draft.one(("informative", "formal")),
    }
    replaced = [old for old, (owner, _) in draft.meetings.items() if owner == person]
    if replaced and draft.seldom(st.just(1)):
        event["replaces"] = draft.one(replaced)
    draft.meetings[name] = (person, kind)
    return event


def _changed(draft: Draft) -> dict[str, Any]:
    """Something about a meeting; before there is one, one is announced."""
    if not draft.meetings:
        return _announced(draft)
    name = draft.one(draft.meetings)
    person, kind = draft.meetings[name]
    word = draft.one(("rescheduled", "rescheduled", "cancelled", "attended", "missed"))
    # late enough to follow the announcement; a source may still say it of a meeting that it has not announced yet
    event = {"at": draft.instant(60 * 24 * 2), "event": f"{kind}.{word}", "id": name, "person": person}
    if word == "rescheduled":
        event["starts"] = draft.instant(60 * 24 * 3, 60 * 24 * 22)
    return event


def _opened(draft: Draft) -> dict[str, Any]:
    return {"at": "2026-11-28T00:10:00", "event": "actualisation.opened", "person": draft.one(draft.people), "period": "2026-11"}


def _completed(draft: Draft) -> dict[str, Any]:
    at = draft.instant(60 * 24 * 5, 60 * 24 * 22)
    return {"at": at, "event": "actualisation.completed", "person": draft.one(draft.people), "period": "2026-11"}


def _desk(draft: Draft) -> dict[str, Any]:
    choice = draft.one(("come", "cannot_come", "call_me_back", "done"))
    return {"at": draft.instant(), "event": "reply", "person": draft.one(draft.people), "channel": "agency", "choice": choice, "by": "adv"}


def _stranger(draft: Draft) -> dict[str, Any]:
    """From a number that one person has, or two, or nobody."""
    number = f"+3361234560{draft.draw(st.integers(1, 4))}"
    return {"at": draft.instant(), "event": "reply", "sender": number, "channel": "sms", "text": draft.one(_SAID)}


def _snapshot(draft: Draft) -> dict[str, Any]:
    """The directory: other wishes, another value, a point that somebody else declared, a hold that begins or ends."""
    name = draft.one(draft.people)
    update = draft.one(
        (
            {"forbidden": [draft.one(Channel).value]},
            {"preferred": draft.one(Channel).value},
            {"phone": f"07 00 00 00 0{PEOPLE.index(name)}", "declared_by": "adviser"},
            {"phone": f"07 00 00 00 0{PEOPLE.index(name)}", "verified": _written(START)},
            {"email": None},
            {"hold": {"reason": "accord", "until": "2026-12-03"}},
            {"hold": None},
            {"constraints": [draft.one(Constraint).value]},
        )
    )
    return {"at": draft.instant(), "event": "person.updated", "person": name, "update": update}


def _erased(draft: Draft) -> dict[str, Any]:
    return {"at": draft.instant(), "event": "erase", "person": draft.one(draft.people)}


def _outage(draft: Draft) -> dict[str, Any]:
    since = draft.draw(st.integers(0, 60 * 24 * 14))
    away = [*(one.value for one in Process), *(one.value for one in Server), "provider:a"]
    until = START + timedelta(minutes=since + draft.draw(st.integers(5, 360)))
    return {"event": "outage", "of": draft.one(away), "from": _written(START + timedelta(minutes=since)), "to": _written(until)}


def _crash(draft: Draft) -> dict[str, Any]:
    process, when = draft.one(
        [(one.value, "before_commit") for one in Process if one is not Process.WATCH] + [("delivery", "after_provider_accepts")]
    )
    return {
        "at": draft.instant(),
        "event": "crash",
        "process": process,
        "when": when,
        "restart_after": f"{draft.draw(st.integers(1, 120))}m",
    }


_EVENTS: Final = {
    "announced": _announced,
    "announced too": _announced,
    "changed": _changed,
    "opened": _opened,
    "completed": _completed,
    "desk": _desk,
    "stranger": _stranger,
    "snapshot": _snapshot,
    "erased": _erased,
    "outage": _outage,
    "crash": _crash,
}
assert all(PROVIDER_WORDS[channel].fullmatch(word) for channel, words in _WORDS.items() for word in words)
