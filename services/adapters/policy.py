"""Reads the policy file into typed values, with every mistake reported together."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from services.core import policy as core_policy
from services.core.policy import Policy

SHIPPED = Path(core_policy.__file__).with_name("policy.toml")

_DURATION = re.compile(r"^(\d+)(s|m|h|d)$")
_HOUR = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")
_ISO = {"s": "PT{}S", "m": "PT{}M", "h": "PT{}H", "d": "P{}D"}


class PolicyError(Exception):
    """The policy cannot be used; ``mistakes`` lists all that is wrong."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(mistakes))


def _plain(value: object) -> object:
    """Turn "8h" and "09:00" into what the decoder reads, at any depth."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        if match := _DURATION.match(value):
            return _ISO[match[2]].format(match[1])
        if _HOUR.match(value):
            return f"{value}:00"
    return value


def load_policy(path: Path = SHIPPED, overrides: Mapping[str, object] | None = None) -> Policy:
    """Read a policy file; ``overrides`` are values by dotted name (``actualisation.spread``: ``"8h"``).

    Raises ``PolicyError`` when a value is missing, misspelt or of the wrong kind, or an override names nothing.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    mistakes = [problem for name, value in (overrides or {}).items() if (problem := _override(data, name, value))]
    if mistakes:
        raise PolicyError(mistakes)
    try:
        return msgspec.convert(_plain(data), Policy, strict=True)
    except msgspec.ValidationError as error:
        raise PolicyError([f"{path.name}: {error}"]) from error


def _override(data: dict[str, object], name: str, value: object) -> str | None:
    *folders, leaf = name.split(".")
    place: object = data
    for folder in folders:
        place = place.get(folder) if isinstance(place, dict) else None
    if not isinstance(place, dict) or leaf not in place:
        return f"the policy has no value named {name}"
    place[leaf] = value
    return None
