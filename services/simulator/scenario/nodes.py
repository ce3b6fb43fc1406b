"""YAML with positions: every value is read from the text as it was written, and every mistake knows its line and path."""

import difflib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

import yaml

Word = TypeVar("Word", bound=StrEnum)
Value = TypeVar("Value")

_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_TRUE = ("true", "yes", "on")
_FALSE = ("false", "no", "off")
_NULL = ("", "~", "null", "Null", "NULL")
#: what stands in for an unreadable value until the mistakes are handed back; never leaves the parser
NO_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Something wrong in a scenario file."""

    file: str
    line: int
    #: where in the document: ``events[2].person``
    path: str
    message: str

    def __str__(self) -> str:
        """As it is printed."""
        return f"{self.file}:{self.line}: {self.path}: {self.message}" if self.path else f"{self.file}:{self.line}: {self.message}"


@dataclass(slots=True, kw_only=True)
class Reading:
    """One file being read: its zone, its mistakes so far, and every instant that it names."""

    file: str
    text: str
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Paris"))
    mistakes: list[Mistake] = field(default_factory=list)
    instants: list[datetime] = field(default_factory=list)

    def wrong(self, node: yaml.Node, path: str, message: str) -> None:
        """Note a mistake and go on."""
        self.mistakes.append(Mistake(file=self.file, line=line_of(node), path=path, message=message))

    def source(self, node: yaml.Node) -> str:
        """The node as it was written, on one line."""
        return " ".join(self.text[node.start_mark.index : node.end_mark.index].split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A node, where it stands, and the reading that it belongs to."""

    reading: Reading
    node: yaml.Node
    path: str

    def wrong(self, message: str) -> None:
        """Note a mistake about this value."""
        self.reading.wrong(self.node, self.path, message)

    @property
    def line(self) -> int:
        """Counted from 1."""
        return line_of(self.node)

    @property
    def is_null(self) -> bool:
        """Written as nothing, ``~`` or ``null``."""
        return isinstance(self.node, yaml.ScalarNode) and self.node.style is None and self.node.value in _NULL

    @property
    def is_mapping(self) -> bool:
        """``{…}`` or keys on lines of their own."""
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """``[…]`` or dashes."""
        return isinstance(self.node, yaml.SequenceNode)

    def text(self) -> str:
        """A scalar as it was written, without its quotes."""
        if isinstance(self.node, yaml.ScalarNode) and not self.is_null:
            return str(self.node.value)
        self.wrong("a text is expected")
        return ""

    def word(self, words: type[Word]) -> Word:
        """A member of a closed vocabulary."""
        text = self.text()
        if text in {str(word) for word in words}:
            return words(text)
        if text:
            self.unknown(text, [str(word) for word in words])
        return next(iter(words))

    def unknown(self, text: str, known: Collection[str]) -> None:
        """Note a word that is not one of ``known``; says which one was probably meant."""
        near = difflib.get_close_matches(text, known, n=1)
        hint = f", did you mean `{near[0]}`?" if near else f"; one of: {', '.join(sorted(known))}" if len(known) <= 20 else ""
        self.wrong(f"unknown word `{text}`{hint}")

    def boolean(self) -> bool:
        """``true`` or ``false``."""
        text = self.text().lower()
        if text not in (*_TRUE, *_FALSE):
            self.wrong("true or false is expected")
        return text in _TRUE

    def integer(self, least: int = 0) -> int:
        """A whole number, not below ``least``."""
        text = self.text()
        if re.fullmatch(r"-?\d+", text) and int(text) >= least:
            return int(text)
        self.wrong(f"a whole number of at least {least} is expected")
        return least

    def number(self) -> float:
        """Any number."""
        try:
            return float(self.text())
        except ValueError:
            self.wrong("a number is expected")
            return 0.0

    def duration(self) -> timedelta:
        """``5s``, ``10m``, ``1h30m``, ``2d``."""
        text = self.text()
        found = _DURATION.fullmatch(text)
        if not text or found is None:
            self.wrong("a duration is expected, such as 5s, 10m, 1h30m or 2d")
            return timedelta()
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)

    def day(self) -> date:
        """An ISO date."""
        try:
            day = date.fromisoformat(self.text())
        except ValueError:
            self.wrong("a date is expected, such as 2026-12-01")
            return NO_INSTANT.date()
        self.reading.instants.append(datetime.combine(day, time(), self.reading.zone))
        return day

    def hour(self) -> str:
        """An hour of the day, ``22:00``."""
        text = self.text()
        if _HOUR.fullmatch(text):
            return text
        self.wrong("an hour of the day is expected, such as 22:00")
        return "00:00"

    def instant(self) -> datetime:
        """An ISO date and time, in the scenario's zone unless it has an offset; a date alone is its midnight."""
        try:
            instant = datetime.fromisoformat(self.text())
        except ValueError:
            self.wrong("a date and time is expected, such as 2026-12-01T10:30 or 2026-12-01T10:30:00+01:00")
            return NO_INSTANT
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=self.reading.zone)
            if instant.astimezone(UTC).astimezone(self.reading.zone).replace(tzinfo=None) != instant.replace(tzinfo=None):
                self.wrong(f"this hour does not exist in {self.reading.zone.key}: the clocks change")
        instant = instant.astimezone(UTC)
        self.reading.instants.append(instant)
        return instant

    def plain(self) -> object:
        """Numbers, booleans and lists as such, everything else as text: what a setting is."""
        if self.is_list:
            return [item.plain() for item in self.items()]
        text = self.text()
        if not isinstance(self.node, yaml.ScalarNode) or self.node.style is not None:
            return text
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        if re.fullmatch(r"-?\d+\.\d+", text):
            return float(text)
        return text == "true" if text in {"true", "false"} else text

    def items(self) -> list["Item"]:
        """The elements of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong("a list is expected")
            return []
        return [Item(reading=self.reading, node=node, path=f"{self.path}[{number}]") for number, node in enumerate(self.node.value)]

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(item.text() for item in self.items())

    def words(self, words: type[Word]) -> tuple[Word, ...]:
        """A list of words of a closed vocabulary."""
        return tuple(item.word(words) for item in self.items())

    def fields(self) -> "Fields":
        """The keys of a mapping."""
        return Fields(self)


class Fields:
    """A mapping whose keys are taken one by one; what nobody took is a mistake."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self._items: dict[str, Item] = {}
        self._keys: dict[str, yaml.Node] = {}
        self._asked: set[str] = set()
        if not isinstance(item.node, yaml.MappingNode):
            if not item.is_null:
                item.wrong("a mapping is expected (`key: value`)")
            return
        for key_node, value_node in item.node.value:
            self._add(key_node, value_node)

    def _add(self, key_node: yaml.Node, value_node: yaml.Node) -> None:
        item = self.item
        if not isinstance(key_node, yaml.ScalarNode):
            item.reading.wrong(key_node, item.path, "a plain key is expected")
            return
        key = str(key_node.value)
        path = f"{item.path}.{key}" if item.path else key
        if key in self._items:
            item.reading.wrong(key_node, path, "the same key twice")
        self._keys[key] = key_node
        self._items[key] = Item(reading=item.reading, node=value_node, path=path)

    def __contains__(self, key: str) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[tuple[str, Item]]:
        return iter(self._items.items())

    def take(self, key: str) -> Item | None:
        """The value under ``key``; none when the key is absent or null."""
        self._asked.add(key)
        item = self._items.get(key)
        return None if item is None or item.is_null else item

    def get(self, key: str, read: Callable[[Item], Value], default: Value) -> Value:
        """The value under ``key``, read, or ``default``."""
        item = self.take(key)
        return default if item is None else read(item)

    def need(self, key: str, read: Callable[[Item], Value], fallback: Value) -> Value:
        """The value under ``key``, read; absent is a mistake."""
        item = self.take(key)
        if item is None:
            self.item.wrong(f"`{key}` is missing")
            return fallback
        return read(item)

    def done(self) -> None:
        """Everything was asked for that may be here: the rest is unknown."""
        for key, item in self._items.items():
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, n=1)
                hint = f", did you mean `{near[0]}`?" if near else f"; known here: {', '.join(sorted(self._asked))}"
                item.reading.wrong(self._keys[key], item.path, f"unknown key{hint}")


def line_of(node: yaml.Node) -> int:
    """Line of a node, counted from 1."""
    return int(node.start_mark.line) + 1
