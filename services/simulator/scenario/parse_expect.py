"""Reads the expectations of a scenario file; every name and word in them must exist, so that none holds by accident."""

import re
from collections.abc import Callable
from datetime import datetime

from services.simulator.scenario.file import Bounds, Contains, Equals, Expectation, Matches, Wanted
from services.simulator.scenario.names import Names
from services.simulator.scenario.nodes import Fields, Item
from services.simulator.scenario.parse_world import read_span
from services.simulator.scenario.words import CLOSED, JOURNAL, What

_PATTERN = re.compile(r"/(.*)/(i?)", re.DOTALL)
#: fields that hold instants: a plain value is compared as one
_INSTANTS = frozenset(("wake_at", "act_by"))
#: fields that name somebody or something of the file
_NAMED: dict[str, Callable[[Names, Item], str]] = {
    "person": Names.person,
    "obligation": Names.obligation,
    "obligations": Names.obligation,
    "advisor": Names.advisor,
    "provider": Names.provider,
}


def read_expectations(item: Item | None, names: Names) -> tuple[Expectation, ...]:
    """All expectations, in the order of the file."""
    found = (_expectation(entry, names) for entry in (item.items() if item is not None else ()))
    return tuple(expectation for expectation in found if expectation is not None)


def _expectation(entry: Item, names: Names) -> Expectation | None:
    fields = entry.fields()
    only = fields.take("only")
    if only is not None:
        fields.done()
        inner = only.fields()
        if only.is_mapping and "times" not in inner:
            only.wrong("`only` counts: `times` is missing")
        return _described(entry, inner, names)
    return _described(entry, fields, names)


def _described(entry: Item, fields: Fields, names: Names) -> Expectation | None:
    what = fields.need("what", lambda word: word.word(What), None)
    between = fields.get("at", _when, None)
    before, after = fields.get("before", Item.instant, None), fields.get("after", Item.instant, None)
    least, most = _times(fields)
    if what is None:
        return None
    wanted: dict[str, Wanted] = {}
    for key in sorted(JOURNAL[what]):
        item = fields.take(key)
        # a field that is there with nothing behind it wants nothing there
        if key in fields:
            wanted[key] = Equals(value=None) if item is None else _wanted(item, what, key, names)
    fields.done()
    return Expectation(
        line=entry.line,
        source=entry.reading.source(entry.node),
        what=what,
        fields=wanted,
        between=between,
        before=before,
        after=after,
        least=least,
        most=most,
    )


def _when(item: Item) -> tuple[datetime, datetime]:
    if item.is_list:
        return read_span(item)
    instant = item.instant()
    return (instant, instant)


def _times(fields: Fields) -> tuple[int, int | None]:
    """How many lines, both ends included."""
    times, never = fields.take("times"), fields.get("never", Item.boolean, False)
    if never and times is not None:
        fields.item.wrong("`times` or `never`, not both")
    if never:
        return (0, 0)
    if times is None:
        return (1, None)
    if not times.is_mapping:
        exactly = times.integer()
        return (exactly, exactly)
    bounds = times.fields()
    least = bounds.get("min", Item.integer, 0)
    most = bounds.get("max", Item.integer, None)
    bounds.done()
    if most is not None and most < least:
        times.wrong("`max` is below `min`")
    return (least, most)


def _wanted(item: Item, what: What, key: str, names: Names) -> Wanted:
    if item.is_list:
        return Contains(elements=tuple(_plain(element, what, key, names) for element in item.items()))
    if item.is_mapping:
        fields = item.fields()
        bounds = Bounds(least=fields.get("min", Item.number, None), most=fields.get("max", Item.number, None))
        fields.done()
        return bounds
    return _plain(item, what, key, names)


def _plain(item: Item, what: What, key: str, names: Names) -> Equals | Matches:
    text = item.text()
    pattern = _PATTERN.fullmatch(text)
    if pattern is not None:
        try:
            return Matches(pattern=re.compile(pattern[1], re.IGNORECASE if pattern[2] else 0))
        except re.error as error:
            item.wrong(f"not a regular expression: {error}")
            return Matches(pattern=re.compile(""))
    if key in _INSTANTS:
        return Equals(value=item.instant())
    closed = CLOSED.get(what, {}).get(key)
    if closed is not None and text not in closed:
        item.unknown(text, closed)
    elif key == "to" and what in {What.ALERT, What.ALERT_UPDATED}:
        names.advisor_or_agency(item)
    elif key in _NAMED:
        _NAMED[key](names, item)
    return Equals(value=text)
