"""The checker's numbers and words, as ``templates/rules.toml`` states them."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Numbers and compiled patterns; what each means stands in the file."""

    mean_words: int
    most_words: int
    sms_parts: int
    bundle_parts: int
    conditional: re.Pattern[str]
    passive: re.Pattern[str]
    voice_words: int
    subject_prefix: str
    least_pixels: int
    least_points: float
    most_links: int
    hosts: tuple[str, ...]
    shorteners: tuple[str, ...]
    who: str
    human: tuple[str, ...]
    to_do: re.Pattern[str]
    threat: re.Pattern[str]
    jargon: re.Pattern[str]
    stop: re.Pattern[str]
    data: re.Pattern[str]
    data_unless: re.Pattern[str]
    web: re.Pattern[str]
    paid_answer: re.Pattern[str]
    discreet: re.Pattern[str]


def load(file: Path) -> Limits:
    """Read the file; a missing entry is a ``KeyError`` that names it."""
    table: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    banned = {name: _pattern(words) for name, words in table["banned"].items()}
    return Limits(
        mean_words=table["sentences"]["mean_words"],
        most_words=table["sentences"]["most_words"],
        sms_parts=table["sms"]["parts"],
        bundle_parts=table["sms"]["bundle_parts"],
        conditional=_pattern(table["sms"]["conditional"]),
        passive=_pattern(table["sms"]["passive"]),
        voice_words=table["voice"]["most_words"],
        subject_prefix=table["email"]["subject_prefix"],
        least_pixels=table["email"]["least_pixels"],
        least_points=table["letter"]["least_points"],
        most_links=table["links"]["most"],
        hosts=tuple(table["links"]["hosts"]),
        shorteners=tuple(table["links"]["shorteners"]),
        who=table["says"]["who"],
        human=tuple(table["says"]["human"]),
        to_do=_pattern(table["says"]["to_do"]),
        **banned,
    )


def _pattern(words: str | list[str]) -> re.Pattern[str]:
    return re.compile(words if isinstance(words, str) else "|".join(words), re.IGNORECASE)
