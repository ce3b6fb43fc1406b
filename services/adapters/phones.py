"""French telephone numbers with all their traps (rules §4.1), over the ``phonenumbers`` package."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from services.core.channels.phones import Phone
from services.core.territory import territory_of
from services.core.words import LineType

#: where a national number is looked for, in this order (rules §4.1)
_REGIONS: Final = ("FR", "GP", "MQ", "GF", "RE", "YT", "PM")
#: holiday subdivision → numbering region, for overseas residents: they dial home first
_REGION_OF: Final[Mapping[str, str]] = {
    "971": "GP", "BL": "BL", "MF": "MF", "972": "MQ", "973": "GF", "974": "RE", "976": "YT", "PM": "PM", "NC": "NC", "PF": "PF", "WF": "WF",
}  # fmt: skip
#: National prefixes (without the 0) that belong overseas, and the country code behind which they live. The national plan is one, so 0596 is
#: Martinique whoever dials it; the package takes 0263, 0269, 0508 and 0596 for metropolitan landlines, which do not exist.
_OVERSEAS: Final[Mapping[str, str]] = {
    "262": "262", "263": "262", "269": "262", "639": "262", "692": "262", "693": "262",
    "590": "590", "690": "590", "691": "590",
    "594": "594", "694": "594",
    "596": "596", "696": "596", "697": "596",
}  # fmt: skip
#: Saint-Pierre-et-Miquelon: dialled 0508 and six digits from elsewhere, +508 and the six digits in E.164
_MIQUELON: Final = "508"
#: territories whose own numbers have six digits
_SIX_DIGITS: Final = frozenset({"PM", "NC", "WF"})
#: 3949, 118 218, 38123, also behind +33: a service, never somebody's own number
_SHORT: Final = re.compile(r"(?:\+33)?0?[1-9]\d{1,5}", re.ASCII)
#: directory enquiries, everywhere in France
_ENQUIRIES: Final = re.compile(r"118\d{3}", re.ASCII)
#: nine significant digits, nationally or behind +33, with or without the zero
_NATIONAL: Final = re.compile(r"(?:\+?330?|0)?([1-9]\d{8})", re.ASCII)
_PLAUSIBLE: Final = re.compile(r"\+?\d{2,20}", re.ASCII)
#: between digits people write spaces, dots, hyphens of all kinds, slashes, brackets, and paste marks that nobody sees
_BETWEEN: Final = re.compile(r"[\s.\-/()\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212\ufeff]")
_TYPES: Final = {
    PhoneNumberType.MOBILE: LineType.MOBILE,
    PhoneNumberType.FIXED_LINE: LineType.FIXED_LINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: LineType.MOBILE,
    PhoneNumberType.VOIP: LineType.VOIP,
    PhoneNumberType.TOLL_FREE: LineType.SPECIAL,
    PhoneNumberType.PREMIUM_RATE: LineType.SPECIAL,
    PhoneNumberType.SHARED_COST: LineType.SPECIAL,
    PhoneNumberType.UAN: LineType.SPECIAL,
}


def parse_phone(value: str, postal_code: str) -> Phone:
    """A number as somebody of this postal code would dial it; refused rather than padded or guessed.

    ``problem`` is one of ``empty_number``, ``short_number``, ``special_number`` (0800 …, valid but nobody's own) and ``invalid_number``.
    """
    compact = _compact(value)
    if not compact:
        return _refused("empty_number")
    home = _REGION_OF.get(territory_of(postal_code).subdivision)
    if _SHORT.fullmatch(compact) and not _whole_at_home(compact, home):
        return _refused("short_number")
    if not _PLAUSIBLE.fullmatch(compact):
        return _refused("invalid_number")
    number = next((number for number in _readings(compact, home) if _valid(number)), None)
    return _phone(number) if number is not None else _refused("invalid_number")


def _whole_at_home(compact: str, home: str | None) -> bool:
    return len(compact) == 6 and home in _SIX_DIGITS and _ENQUIRIES.fullmatch(compact) is None


def _compact(value: str) -> str:
    """Digits and a leading plus, when the value is written as people write numbers."""
    plain = unicodedata.normalize("NFKC", value).replace("(0)", "").removeprefix("tel:")
    compact = _BETWEEN.sub("", plain)
    return f"+{compact[2:]}" if compact.startswith("00") else compact


def _readings(compact: str, home: str | None) -> Iterator[PhoneNumber]:
    """What the digits may mean, the likeliest first."""
    match = _NATIONAL.fullmatch(compact)
    if match is not None and (overseas := _overseas(match[1])) is not None:
        yield from _parsed(overseas, None)
        return
    for region in (home, *_REGIONS) if home is not None else _REGIONS:
        yield from _parsed(compact, region)


def _overseas(significant: str) -> str | None:
    """The E.164 form of a national number that lives overseas, also when somebody typed +33 before it."""
    prefix = significant[:3]
    if prefix == _MIQUELON:
        return f"+{_MIQUELON}{significant[3:]}"
    return f"+{_OVERSEAS[prefix]}{significant}" if prefix in _OVERSEAS else None


def _parsed(compact: str, region: str | None) -> Iterator[PhoneNumber]:
    try:
        yield phonenumbers.parse(compact, region)
    except NumberParseException:
        return


def _valid(number: PhoneNumber) -> bool:
    return bool(phonenumbers.is_valid_number(number))


def _phone(number: PhoneNumber) -> Phone:
    line = _TYPES.get(phonenumbers.number_type(number), LineType.UNKNOWN)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Phone(e164=e164, line_type=line, valid=True, problem="special_number" if line is LineType.SPECIAL else None)


def _refused(problem: str) -> Phone:
    return Phone(e164=None, line_type=LineType.UNKNOWN, valid=False, problem=problem)
