"""French dates, hours, numbers and places, made from the words in ``templates/words/``; templates use them as filters."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

from services.core.model import Place

_POSTAL_CODE = re.compile(r"[\s,]*\b\d{5}\b\s*")
_PIECE = re.compile(r"[^ -]*[ -]")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWords:
    """``templates/words/dates.toml``."""

    days: tuple[str, ...]
    months: tuple[str, ...]
    of_months: tuple[str, ...]
    first: str
    first_spoken: str
    at: str
    hour: str
    hour_spoken: str
    hours_spoken: str
    midnight: str
    noon: str
    span: dict[str, str]
    numbers: tuple[str, ...]
    feminine: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceWords:
    """``templates/words/places.toml``."""

    agency: str
    named_already: tuple[str, ...]
    phone: str
    video: str
    short: dict[str, str]


class French:
    """Dates as « mardi 1er décembre », hours as « 10 h 30 » or « dix heures trente », codes letter by letter."""

    def __init__(self, dates: DateWords, places: PlaceWords) -> None:
        self.dates = dates
        self._places = places

    @classmethod
    def load(cls, words: Path) -> Self:
        """Read ``dates.toml`` and ``places.toml`` of a folder; a missing or surplus word is a ``TypeError``."""
        return cls(DateWords(**_read(words / "dates.toml")), PlaceWords(**_read(words / "places.toml")))

    def filters(self) -> dict[str, Callable[..., str]]:
        """What templates may call, by name."""
        return {
            "day": self.day,
            "short_day": self.short_day,
            "full_date": self.full_date,
            "hour": self.hour,
            "moment": self.moment,
            "sms_hour": self.sms_hour,
            "spoken_day": self.spoken_day,
            "spoken_hour": self.spoken_hour,
            "span": self.span,
            "spoken_span": self.spoken_span,
            "spoken_number": spoken_number,
            "spoken_address": spoken_address,
            "sentence": sentence,
            "spelled": self.spelled,
            "month": self.month,
            "of_month": self.of_month,
            "where": self.where,
            "short_where": self.short_where,
        }

    def day(self, day: date) -> str:
        """« mardi 1er décembre »: always with the day's name, never 01/12 (rules §8.1)."""
        return f"{self.short_day(day)} {self.dates.months[day.month - 1]}"

    def short_day(self, day: date) -> str:
        """« mardi 1er », where the month has just been said."""
        return f"{self._weekday(day)} {self._number(day)}"

    def full_date(self, day: date) -> str:
        """« 1er décembre 2026 », for letterheads."""
        return f"{self._number(day)} {self.dates.months[day.month - 1]} {day.year}"

    def hour(self, at: datetime) -> str:
        """« 10 h 30 », « 14 h »."""
        minutes = f" {at:%M}" if at.minute else ""
        return f"{at.hour} {self.dates.hour}{minutes}"

    def moment(self, at: datetime) -> str:
        """« mardi 1er décembre à 10 h 30 »."""
        return f"{self.day(at)} {self.dates.at} {self.hour(at)}"

    def sms_hour(self, at: datetime) -> str:
        """« 10h30 », « 14h »."""
        minutes = f"{at:%M}" if at.minute else ""
        return f"{at.hour}{self.dates.hour}{minutes}"

    def spoken_day(self, day: date) -> str:
        """« mardi premier décembre »."""
        return f"{self._short_spoken_day(day)} {self.dates.months[day.month - 1]}"

    def spoken_hour(self, at: datetime) -> str:
        """« dix heures trente », « midi »."""
        words = self.dates
        if at.hour in (0, 12):
            whole = words.midnight if at.hour == 0 else words.noon
        else:
            whole = f"{self._feminine(at.hour)} {words.hour_spoken if at.hour == 1 else words.hours_spoken}"
        return f"{whole} {self._feminine(at.minute)}" if at.minute else whole

    def span(self, days: tuple[date, ...]) -> str:
        """Days in a row: « dimanche 15 », « samedi 14 et dimanche 15 », « du vendredi 13 au dimanche 15 »."""
        return self._span(days, self.short_day)

    def spoken_span(self, days: tuple[date, ...]) -> str:
        """The same aloud: « samedi quatorze et dimanche quinze »."""
        return self._span(days, self._short_spoken_day)

    def spelled(self, code: str) -> str:
        """K7Q4-PM2X as « K, sept, Q, quatre, P, M, deux, X »."""
        return ", ".join(self.dates.numbers[int(letter)] if letter.isdigit() else letter for letter in code if letter.isalnum())

    def month(self, period: str) -> str:
        """« novembre 2026 », of the period "2026-11"."""
        year, month = period.split("-")
        return f"{self.dates.months[int(month) - 1]} {year}"

    def of_month(self, period: str) -> str:
        """« de novembre », « d'octobre », of a period."""
        return self.dates.of_months[int(period.split("-")[1]) - 1]

    def where(self, place: Place) -> str:
        """« agence Lille Centre », « Mission locale », « par téléphone »."""
        if place.kind in ("phone", "video"):
            return self._places.phone if place.kind == "phone" else self._places.video
        if place.kind == "agency" and not place.name.lower().startswith(self._places.named_already):
            return f"{self._places.agency} {place.name}"
        return place.name

    def short_where(self, place: Place, letters: int) -> str:
        """The place in at most ``letters`` characters: without « agence », abbreviated, at last cut between two words."""
        whole = self.where(place)
        if len(whole) <= letters or place.kind in ("phone", "video"):
            return whole
        name = place.name
        for long, short in self._places.short.items():
            name = name.replace(long, short)
        return name if len(name) <= letters else _cut(name, letters)

    def _span(self, days: tuple[date, ...], say: Callable[[date], str]) -> str:
        first, last, words = say(days[0]), say(days[-1]), self.dates.span
        if len(days) == 1:
            return first
        return f"{first} {words['and']} {last}" if len(days) == 2 else f"{words['from']} {first} {words['to']} {last}"

    def _weekday(self, day: date) -> str:
        return self.dates.days[day.weekday()]

    def _number(self, day: date) -> str:
        return self.dates.first if day.day == 1 else str(day.day)

    def _short_spoken_day(self, day: date) -> str:
        number = self.dates.first_spoken if day.day == 1 else self.dates.numbers[day.day]
        return f"{self._weekday(day)} {number}"

    def _feminine(self, number: int) -> str:
        return self.dates.feminine.get(str(number), self.dates.numbers[number])


def _read(file: Path) -> dict[str, Any]:
    """A TOML file's top level, its lists made immutable; the dataclass that takes it checks the names."""
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def spoken_number(number: str) -> str:
    """A telephone number in pairs, "3949" as « 39 49 »: read as four thousand by no voice."""
    digits = "".join(letter for letter in number if letter.isdigit())
    return " ".join(digits[index : index + 2] for index in range(0, len(digits), 2))


def spoken_address(address: str) -> str:
    """An address as one says it: « 1 place de la Gare, Lille » instead of « 1 place de la Gare 59000 LILLE »."""
    spoken = _POSTAL_CODE.sub(", ", address).strip(" ,")
    return " ".join(word.title() if word.isupper() and len(word) > 1 else word for word in spoken.split())


def sentence(words: str) -> str:
    """With a capital at its beginning; unlike ``str.capitalize`` the rest stays as it is."""
    return words[:1].upper() + words[1:]


def _cut(name: str, letters: int) -> str:
    """The words (or the parts of a compound name) that fit; a single long word is cut where it must be."""
    whole = "".join(_PIECE.findall(name[: letters + 1])) or name[:letters]
    return whole.rstrip(" ,-'")
