"""Reads the policy file into typed values, with every mistake reported together, each by its dotted name."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import time, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from services.core import policy as core_policy
from services.core.policy import FloodLimit, FloodPolicy, Policy, Span, Windows
from services.core.words import Channel

SHIPPED: Final = Path(core_policy.__file__).with_name("policy.toml")

_DURATION: Final = re.compile(r"(\d{1,9})([smhd])", re.ASCII)
_HOUR: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
#: tables in which these channels must all stand: a rule looks every one of them up
_EVERY: Final = frozenset(Channel)
_COMPLETE: Final[Mapping[str, frozenset[Channel]]] = {
    "windows": _EVERY,
    "not_after": _EVERY,
    "caps.meeting": _EVERY,
    "caps.actualisation": _EVERY,
    "relied_on_alone_until": _EVERY - {Channel.LETTER},  # a letter's limit is counted in postal days
}


class PolicyError(Exception):
    """The policy cannot be used; ``mistakes`` lists all that is wrong, each as "dotted.name: what"."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(mistakes))


def load_policy(path: Path = SHIPPED, overrides: Mapping[str, object] | None = None) -> Policy:
    """Read a policy file; ``overrides`` are values by dotted name (``actualisation.spread``: ``"8h"``).

    Raises ``PolicyError`` with every mistake: a file that is no TOML, an override that names nothing, a value that is missing, misspelt, of
    the wrong kind or absurd.
    """
    data = _toml(path)
    reading = _Reading()
    for name, value in (overrides or {}).items():
        if not _override(data, name, value):
            reading.mistakes.append(f"{name}: the policy has no such value")
    read = reading.table(Policy, data, "")
    if isinstance(read, Policy):
        reading.mistakes += _absurdities(read)
    if reading.mistakes or not isinstance(read, Policy):
        raise PolicyError(reading.mistakes)
    return read


def load_other(path: Path, overrides: Mapping[str, object] | None = None) -> Policy:
    """Another policy than the shipped one: a whole file, or a few values that are laid over the shipped ones.

    A file that has every table of the policy is a whole one. In the other kind a table or a dotted name stands for its own values only,
    a list for the whole list, and a rung may be named by its step (``[meeting.reminders.R1]``). ``overrides`` are laid over both.
    Raises ``PolicyError`` as ``load_policy`` does.
    """
    data = _toml(path)
    if get_type_hints(Policy).keys() <= data.keys():
        return load_policy(path, overrides)
    return load_policy(SHIPPED, {**dict(_dotted(data, "")), **(overrides or {})})


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise PolicyError([f"{path.name} cannot be read: {problem.strerror}"]) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise PolicyError([f"{path.name} is not TOML in UTF-8: {problem}"]) from problem


def _dotted(table: Mapping[str, Any], folder: str) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{folder}{key}.")
        else:
            yield f"{folder}{key}", value


def _override(data: dict[str, Any], name: str, value: object) -> bool:
    *folders, leaf = name.split(".")
    place: object = data
    for folder in folders:
        if isinstance(place, list):
            place = next((rung for rung in place if _rung_name(rung) == folder), None)
        else:
            place = place.get(folder) if isinstance(place, dict) else None
    # what a rung may leave out can be added to it; anything else must be there to be changed
    if not isinstance(place, dict) or not (leaf in place or "step" in place):
        return False
    place[leaf] = value
    return True


def _rung_name(rung: object) -> str | None:
    """The step of a rung, ``A5_2`` for its second occurrence."""
    if not isinstance(rung, dict):
        return None
    occurrence = rung.get("occurrence", 1)
    return str(rung.get("step")) if occurrence == 1 else f"{rung.get('step')}_{occurrence}"


class _Reading:
    """One pass over a file: notes every mistake and goes on; what was read beside a mistake is none, and never used."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []

    def value(self, wanted: Any, given: object, name: str) -> Any:
        """A value of this type; none once a mistake is noted."""
        if is_dataclass(wanted) and isinstance(wanted, type):
            return self.table(wanted, given, name)
        origin, inner = get_origin(wanted), get_args(wanted)
        if origin is dict:
            return self._by_key(inner[0], inner[1], given, name)
        if origin is tuple:
            return self._list(inner, given, name)
        if origin is UnionType:  # "or none": a value that may be left out
            return self.value(inner[0], given, name)
        return self._single(wanted, given, name)

    def table(self, wanted: type, given: object, name: str) -> Any:
        """A table into its dataclass: nothing missing, nothing misspelt."""
        if not isinstance(given, dict):
            return self._wrong(name, "expected a table")
        before = len(self.mistakes)
        place = f"{name}." if name else ""
        kinds = get_type_hints(wanted)
        for key in [key for key in given if key not in kinds]:
            self._wrong(f"{place}{key}", f"there is no such value; known are {', '.join(kinds)}")
        for field in fields(wanted):
            if field.name not in given and field.default is MISSING:
                self._wrong(f"{place}{field.name}", "is missing")
        known = [key for key in kinds if key in given]
        read = {key: self.value(kinds[key], given[key], f"{place}{key}") for key in known}
        return wanted(**read) if len(self.mistakes) == before else None

    def _by_key(self, key: type[StrEnum], wanted: object, given: object, name: str) -> Any:
        if not isinstance(given, dict):
            return self._wrong(name, "expected a table")
        for missing in sorted(_COMPLETE.get(name, frozenset()) - given.keys()):
            self._wrong(f"{name}.{missing}", "is missing")
        return {self._single(key, word, f"{name}.{word}"): self.value(wanted, value, f"{name}.{word}") for word, value in given.items()}

    def _list(self, inner: tuple[Any, ...], given: object, name: str) -> Any:
        if not isinstance(given, list):
            return self._wrong(name, "expected a list")
        if inner[-1] is not Ellipsis and len(given) != len(inner):
            return self._wrong(name, f"expected {len(inner)} values")
        kinds = [inner[0]] * len(given) if inner[-1] is Ellipsis else inner
        return tuple(self.value(kind, value, f"{name}[{place}]") for place, (kind, value) in enumerate(zip(kinds, given, strict=True)))

    def _single(self, wanted: Any, given: object, name: str) -> Any:
        words = get_args(wanted) if get_origin(wanted) is Literal else tuple(wanted) if _is_words(wanted) else None
        if words is not None:
            if given not in words:
                return self._wrong(name, f"expected one of {', '.join(words)}")
            return wanted(given) if _is_words(wanted) else given
        read, expected = _SINGLE[wanted]
        value = read(given)
        return value if value is not None else self._wrong(name, f"expected {expected}")

    def _wrong(self, name: str, what: str) -> Any:
        """Note a mistake; answers none, as the value that could not be read."""
        self.mistakes.append(f"{name or 'the policy'}: {what}")


def _is_words(wanted: object) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, StrEnum)


def _duration(given: object) -> timedelta | None:
    match = _DURATION.fullmatch(given) if isinstance(given, str) else None
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None


def _hour(given: object) -> time | None:
    match = _HOUR.fullmatch(given) if isinstance(given, str) else None
    return time(int(match[1]), int(match[2])) if match else None


def _count(given: object) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else None


_SINGLE: Final[Mapping[type, tuple[Callable[[object], object], str]]] = {
    timedelta: (_duration, 'a duration such as "90s", "30m", "24h" or "2d"'),
    time: (_hour, 'an hour such as "09:00"'),
    int: (_count, "a whole number from 0 on"),
    bool: (lambda given: given if isinstance(given, bool) else None, "true or false"),
    str: (lambda given: given if isinstance(given, str) and given else None, "some text"),
}


def _absurdities(policy: Policy) -> Iterator[str]:
    """What is of the right kind, and cannot be meant."""
    for channel, windows in policy.windows.items():
        for day in fields(windows):
            spans: tuple[Span, ...] = getattr(windows, day.name)
            if any(start >= end for start, end in spans):
                yield f"windows.{channel}.{day.name}: a window ends before it starts"
            elif any(earlier[1] > later[0] for earlier, later in pairwise(spans)):
                yield f"windows.{channel}.{day.name}: windows overlap, or are not in order"
        if not (windows.weekday or windows.saturday or windows.closed_day):
            yield f"windows.{channel}: never open; people who want no {channel} forbid it, each for themselves"
    yield from _closed_doors(policy.floods)
    if policy.alerts.day_starts >= policy.alerts.day_ends:
        yield "alerts.day_ends: the day ends before it starts"
    if not policy.voice_slots.starts:
        yield "voice_slots.starts: a follow-up call needs a slot"
    elif not any(_in_a_window(start, policy.windows[Channel.VOICE]) for start in policy.voice_slots.starts):
        yield "voice_slots.starts: none lies in a window for calls"
    if _repeated([reminder.step for reminder in policy.meeting.reminders]):
        yield "meeting.reminders: a step stands there twice"
    if _repeated([(step.step, step.occurrence) for step in policy.actualisation.steps]):
        yield "actualisation.steps: a step stands there twice with the same occurrence"


def _closed_doors(floods: FloodPolicy) -> Iterator[str]:
    for door in fields(floods):
        limit: FloodLimit = getattr(floods, door.name)
        if not (limit.per_minute and limit.burst and limit.guess):
            yield f"floods.{door.name}: with a zero nobody could come in"


def _in_a_window(start: time, windows: Windows) -> bool:
    return any(opens <= start < closes for day in (windows.weekday, windows.saturday, windows.closed_day) for opens, closes in day)


def _repeated(items: list[Any]) -> bool:
    return len(set(items)) < len(items)
