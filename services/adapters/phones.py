"""French telephone numbers with all their traps (§4.1), over the ``phonenumbers`` package."""

import re
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from services.core.phones import Phone
from services.core.territory import territory_of
from services.core.words import LineType

_REGIONS: Final = ("FR", "GP", "MQ", "GF", "RE", "YT", "PM")
#: an overseas resident dials home first: some overseas landlines parse as valid metropolitan numbers
_REGION_OF: Final = {
    "971": "GP", "BL": "BL", "MF": "MF", "972": "MQ", "973": "GF", "974": "RE", "976": "YT", "PM": "PM", "NC": "NC", "PF": "PF", "WF": "WF",
}  # fmt: skip
#: mobile prefixes of overseas territories typed after +33 by mistake, and the right country code
_MISTYPED: Final = ((re.compile(r"^\+33(69[23]|639)(\d{6})$"), "+262"), (re.compile(r"^\+33(69[67])(\d{6})$"), "+596"),
                    (re.compile(r"^\+33(69[01])(\d{6})$"), "+590"), (re.compile(r"^\+33(694)(\d{6})$"), "+594"))  # fmt: skip
_SHORT: Final = re.compile(r"^(?:\+33)?\d{2,6}$")
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
    """A number as somebody of this postal code would dial it; refused rather than padded or guessed."""
    compact = re.sub(r"[\s.\-/()\u00a0\u202f]", "", value.replace("(0)", ""))
    if not compact or _SHORT.match(compact):
        return _refused("short_number" if compact else "empty_number")
    for pattern, code in _MISTYPED:
        if match := pattern.match(compact):
            compact = f"{code}{match[1]}{match[2]}"
    home = _REGION_OF.get(territory_of(postal_code).subdivision)
    for region in (home, *_REGIONS) if home else _REGIONS:
        try:
            number = phonenumbers.parse(compact, region)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            line = _TYPES.get(phonenumbers.number_type(number), LineType.UNKNOWN)
            e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            problem = "special_number" if line is LineType.SPECIAL else None
            return Phone(e164=e164, line_type=line, valid=True, problem=problem)
    return _refused("invalid_number")


def _refused(problem: str) -> Phone:
    return Phone(e164=None, line_type=LineType.UNKNOWN, valid=False, problem=problem)
