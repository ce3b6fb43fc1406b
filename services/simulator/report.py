"""What a simulation prints: the journal for people, one JSON object a line for scripts, and where expectations fall short."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from services.core.changes import JournalLine
from services.simulator.scenario.expect import Failure
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.words import What

#: what stands on the first line of an entry, in this order; the rest follows as ``name: value``
_LEADING: Mapping[str, tuple[str, ...]] = {
    What.PLANNED: ("obligation", "steps"),
    What.SENT: ("channel", "step", "obligations"),
    What.SKIPPED: ("channel", "step", "obligation", "reason"),
    What.CANCELLED: ("channel", "step", "obligation", "reason"),
    What.RECEIPT: ("channel", "step", "obligation", "status", "effect"),
    What.REPLY: ("channel", "choice", "obligation", "effect"),
    What.EVIDENCE: ("level", "how", "obligation"),
    What.STATE: ("from", "to", "obligation"),
    What.CONTACT: ("channel", "status", "reason"),
    What.ALERT: ("type", "severity", "obligation", "routed", "to"),
    What.ALERT_UPDATED: ("type", "severity", "obligation", "routed", "to"),
    What.ALERT_CLOSED: ("type", "obligation", "reason"),
    What.ALARM: ("type", "scope"),
    What.DEAD_LETTER: ("topic", "errors"),
    What.DOSSIER: ("obligation", "level", "verdict"),
    What.ACCESS_DENIED: ("advisor", "reason"),
}
#: identifiers that only a machine reads, and what a reader of words does not need
_HIDDEN = frozenset(("attempt", "contact", "revision", "parts", "encoding", "provider"))
#: texts that people read: each of their lines gets one of its own
_TEXTS = frozenset(("text", "known", "next_action", "lines"))
_MARGIN = " " * 13
_SHORT = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The French words of the journal."""

    days: tuple[str, ...]
    months: tuple[str, ...]
    first_of_month: str
    heading: str
    nothing: str
    what: Mapping[str, str]
    words: Mapping[str, str]

    def day(self, day: date) -> str:
        """« mardi 1er décembre 2026 »."""
        number = self.first_of_month if day.day == 1 else str(day.day)
        return self.heading.format(day=self.days[day.weekday()], number=number, month=self.months[day.month - 1], year=day.year)

    def word(self, value: object) -> str:
        """A code in words where there are some, a list with commas."""
        if isinstance(value, list | tuple | set | frozenset):
            return ", ".join(self.word(element) for element in value)
        text = str(plain(value)) if not isinstance(value, bool) else str(value).lower()
        return self.words.get(text, text)


def read_wording(journal: str, dates: str) -> Wording:
    """Read ``templates/terminal/journal.toml`` and ``templates/words/dates.toml``, given as text.

    Raises ``KeyError`` or ``tomllib.TOMLDecodeError`` when they are not what they should be.
    """
    table, calendar = tomllib.loads(journal), tomllib.loads(dates)
    return Wording(
        days=tuple(calendar["days"]),
        months=tuple(calendar["months"]),
        first_of_month=calendar["first"],
        heading=table["heading"],
        nothing=table["nothing"],
        what=table["what"],
        words=table["words"],
    )


def for_people(scenario: Scenario, journal: Sequence[JournalLine], wording: Wording) -> Iterator[str]:
    """The journal as lines of text: a heading per day, local times of the scenario's zone."""
    yield f"{scenario.name} · {scenario.title}" if scenario.title else scenario.name
    if not journal:
        yield f"  {wording.nothing}"
    today: date | None = None
    for line in journal:
        at = line.at.astimezone(scenario.zone)
        if at.date() != today:
            today = at.date()
            yield ""
            yield wording.day(today)
        yield from _entry(line, at, scenario, wording)


def _entry(line: JournalLine, at: datetime, scenario: Scenario, wording: Wording) -> Iterator[str]:
    leading = _LEADING.get(line.what, ())
    said = [wording.word(line.fields[name]) for name in leading if line.fields.get(name) not in (None, (), [])]
    if line.what == What.STATE:
        said[:2] = [" → ".join(said[:2])]
    person = line.fields.get("person")
    label = wording.what.get(line.what, line.what)
    yield f"  {at:%H:%M:%S}  {label:<10} {'' if person is None else f'{person}  '}{' · '.join(said)}".rstrip()
    for name, value in line.fields.items():
        if name in _HIDDEN or name in leading or name == "person" or value in (None, "", (), []):
            continue
        if name in _TEXTS:
            for text in _lines(value):
                yield f"{_MARGIN}│ {text}"
        else:
            told = value.astimezone(scenario.zone).isoformat() if isinstance(value, datetime) else wording.word(value)
            yield f"{_MARGIN}{name}: {told}"


def _lines(value: object) -> Iterator[str]:
    for text in value if isinstance(value, list | tuple) else (value,):
        yield from str(text).splitlines()


def for_scripts(scenario: Scenario, journal: Sequence[JournalLine], failures: Sequence[Failure], trouble: str | None = None) -> str:
    """One JSON object on one line; instants RFC 3339 in the scenario's zone. ``trouble``: why it was not played to its end."""
    told = {
        "scenario": scenario.name,
        "passed": not failures and trouble is None,
        **({} if trouble is None else {"trouble": trouble}),
        "failures": [
            {
                "file": failure.file,
                "line": failure.line,
                "expectation": failure.expectation,
                "found": failure.found,
                "least": failure.least,
                "most": failure.most,
                "nearest": [as_object(line, scenario) for line in failure.nearest],
            }
            for failure in failures
        ],
        "journal": [as_object(line, scenario) for line in journal],
    }
    return json.dumps(told, ensure_ascii=False)


def as_object(line: JournalLine, scenario: Scenario) -> dict[str, object]:
    """A journal line as JSON sees it."""
    return {"at": line.at.astimezone(scenario.zone).isoformat(), "what": str(line.what)} | {
        name: plain(value, scenario) for name, value in line.fields.items()
    }


def comparable(journal: Sequence[JournalLine], scenario: Scenario) -> list[str]:
    """The journal without identifiers of attempts, sorted: two plays of one scenario give the same list."""
    objects = (as_object(line, scenario) for line in journal)
    return sorted(json.dumps({name: value for name, value in line.items() if name != "attempt"}, sort_keys=True) for line in objects)


def failed(failure: Failure, scenario: Scenario) -> Iterator[str]:
    """An expectation that fell short, and the journal lines that came nearest."""
    yield f"{failure.file}:{failure.line}: {_shortfall(failure)}"
    yield f"  expected: {failure.expectation}"
    if not failure.nearest:
        yield "  the journal has no line of this kind"
    for line in failure.nearest:
        yield f"  nearest:  {_one_line(line, scenario)}"


def _shortfall(failure: Failure) -> str:
    if failure.most is None:
        wanted = f"at least {failure.least}"
    elif failure.least == failure.most:
        wanted = str(failure.least) if failure.most else "none"
    else:
        wanted = f"{failure.least} to {failure.most}"
    lines = "line matches" if failure.found == 1 else "lines match"
    return f"{failure.found or 'no'} {lines}, {wanted} expected"


def _one_line(line: JournalLine, scenario: Scenario) -> str:
    fields = ", ".join(f"{name}: {_short(value, scenario)}" for name, value in line.fields.items() if value is not None)
    return f"{line.at.astimezone(scenario.zone).isoformat()} {line.what} {{{fields}}}"


def _short(value: object, scenario: Scenario) -> str:
    text = json.dumps(plain(value, scenario), ensure_ascii=False)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"


def summary(passed: int, failed_ones: int) -> str:
    """The last line of every run."""
    return f"{passed} passed, {failed_ones} failed"


def plain(value: object, scenario: Scenario | None = None) -> object:
    """A value as JSON has it: words, numbers, lists; instants in the scenario's zone."""
    match value:
        case datetime():
            told: object = (value.astimezone(scenario.zone) if scenario else value).isoformat()
        case date():
            told = value.isoformat()
        case Enum():
            told = value.value
        case Mapping():
            told = {str(name): plain(inner, scenario) for name, inner in value.items()}
        case list() | tuple():
            told = [plain(element, scenario) for element in value]
        case set() | frozenset():
            told = sorted(str(plain(element, scenario)) for element in value)
        case _:
            told = value
    return told
