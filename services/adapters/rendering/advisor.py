"""Codes worded for advisors: what is known, and what to do next (rules R3, §10.8)."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, Template

from services.core.model import Alert, Fact

#: parameters of facts that are instants or days, as ISO 8601; empty when there is none
_TIMES: Final = frozenset({"at", "last", "limit", "until"})


class UnknownCodeError(LookupError):
    """Nobody has worded this code: a bug of whoever emits it, never a silent text."""


class AdvisorTexts:
    """One template per code, compiled once; ``facts`` and ``next_actions`` are the codes that have words."""

    def __init__(self, folder: Path, templates: Environment) -> None:
        self._words = templates.get_template("pages/words.html").module
        self._facts = _compiled(folder / "facts.toml", templates)
        self._next_actions = _compiled(folder / "next_actions.toml", templates)
        self.facts = frozenset(self._facts)
        self.next_actions = frozenset(self._next_actions)

    def fact(self, fact: Fact, zone: str) -> str:
        """One short sentence. Raises ``UnknownCodeError``; a missing parameter is jinja's ``UndefinedError``."""
        if fact.code not in self._facts:
            raise UnknownCodeError(fact.code)
        parameters = {name: _value(name, value, ZoneInfo(zone)) for name, value in fact.parameters.items()}
        return _line(self._facts[fact.code].render(parameters, words=self._words))

    def next_action(self, alert: Alert, zone: str) -> str:
        """One sentence with the instant by which to act. Raises ``UnknownCodeError``."""
        if alert.next_action not in self._next_actions:
            raise UnknownCodeError(alert.next_action)
        return _line(self._next_actions[alert.next_action].render(by=alert.act_by.astimezone(ZoneInfo(zone)), words=self._words))


def _compiled(file: Path, templates: Environment) -> Mapping[str, Template]:
    sources: dict[str, str] = tomllib.loads(file.read_text(encoding="utf-8"))
    return {code: templates.from_string(source) for code, source in sources.items()}


def _value(name: str, value: str, zone: ZoneInfo) -> object:
    if name not in _TIMES or not value:
        return value
    if len(value) == len("2026-12-01"):
        return date.fromisoformat(value)
    return datetime.fromisoformat(value).astimezone(zone)


def _line(words: str) -> str:
    return " ".join(words.split())
