"""French telephone numbers with all their traps (§4.1), over the ``phonenumbers`` package."""

import re
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from services.core.phones import Phone
from services.core.territory import territory_of
from services.core.words import LineType

#: tried in this order; the first in which the number is valid decides
_REGIONS: Final = ("FR", "GP", "MQ", "GF", "RE", "YT", "PM")
#: an overseas resident dials home first
_REGION_OF: Final = {
    "971": "GP", "BL": "BL", "MF": "MF", "972": "MQ", "973": "GF", "974": "RE", "976": "YT", "PM": "PM", "NC": "NC", "PF": "PF", "WF": "WF",
}  # fmt: skip
#: prefixes of the French plan that lie overseas wherever they are dialled from (Arcep, decision 2018-0881), and their country codes.
#: The library takes several of them, landlines above all, for valid +33 numbers; people write +33 before them, too.
_OVERSEAS: Final = {
    "590": "+590", "690": "+590", "691": "+590",
    "594": "+594", "694": "+594",
    "596": "+596", "696": "+596", "697": "+596",
    "262": "+262", "263": "+262", "269": "+262", "639": "+262", "692": "+262", "693": "+262",
}  # fmt: skip
#: Saint-Pierre-et-Miquelon is called with 0508 from elsewhere in France, and the code is no part of the number
_MIQUELON: Final = "508"
_FRENCH: Final = re.compile(r"(?:\+33|0)(\d{3})(\d{6})", re.ASCII)
#: 15, 112, 3949, 36xxx, 118xxx: services, never somebody's number; the library would make +33 numbers of them
_SERVICE: Final = re.compile(r"(?:\+33)?(?:\d{1,5}|118\d{3})", re.ASCII)
#: ten digits with the trunk zero, or nine without: whole national numbers; anything shorter is whole in a small territory only
_WHOLE: Final = re.compile(r"0\d{9}|[1-9]\d{8}", re.ASCII)
_SPACING: Final = re.compile(r"[\s.\-/()\u2010-\u2015]")
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

    ``problem`` is ``empty_number``, ``short_number``, ``invalid_number``, or ``special_number`` (valid, and nobody's own: 08…).
    """
    compact = _SPACING.sub("", value.replace("(0)", ""))
    if compact.startswith("00"):
        compact = f"+{compact[2:]}"
    if not compact:
        return _refused("empty_number")
    if _SERVICE.fullmatch(compact):
        return _refused("short_number")
    compact = _at_home_overseas(compact)
    for region in _regions(compact, postal_code):
        try:
            number = phonenumbers.parse(compact, region)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            line = _TYPES.get(phonenumbers.number_type(number), LineType.UNKNOWN)
            e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            return Phone(e164=e164, line_type=line, valid=True, problem="special_number" if line is LineType.SPECIAL else None)
    return _refused("invalid_number")


def _at_home_overseas(compact: str) -> str:
    """The same number under the country code of the territory that its prefix belongs to."""
    match = _FRENCH.fullmatch(compact)
    if match is None:
        return compact
    prefix, rest = match.groups()
    if prefix == _MIQUELON:
        return f"+{_MIQUELON}{rest}"
    code = _OVERSEAS.get(prefix)
    return compact if code is None else f"{code}{prefix}{rest}"


def _regions(compact: str, postal_code: str) -> tuple[str, ...]:
    """Where the number may belong: home first overseas; a number that is not whole elsewhere belongs there or nowhere."""
    home = _REGION_OF.get(territory_of(postal_code).subdivision)
    if not compact.startswith("+") and _WHOLE.fullmatch(compact) is None:
        return (home or "FR",)
    return (home, *_REGIONS) if home else _REGIONS


def _refused(problem: str) -> Phone:
    return Phone(e164=None, line_type=LineType.UNKNOWN, valid=False, problem=problem)
