"""Telephone numbers as people of every territory write them (rules §4.1, §13)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.adapters.phones import parse_phone
from services.core.phones import Phone
from services.core.words import LineType

LILLE, GUADELOUPE, ST_BARTH, ST_MARTIN, MARTINIQUE, GUYANE = "59000", "97110", "97133", "97150", "97200", "97300"
REUNION, MAYOTTE, MIQUELON, NOUMEA, PAPEETE, WALLIS = "97400", "97600", "97500", "98800", "98714", "98600"
MOBILE, FIXED, VOIP, SPECIAL = LineType.MOBILE, LineType.FIXED_LINE, LineType.VOIP, LineType.SPECIAL


@pytest.mark.parametrize(
    ("value", "postal_code", "e164", "line_type"),
    [
        # metropole
        ("06 12 34 56 78", LILLE, "+33612345678", MOBILE),
        ("0612345678", LILLE, "+33612345678", MOBILE),
        ("06.12.34.56.78", LILLE, "+33612345678", MOBILE),
        ("06-12-34-56-78", LILLE, "+33612345678", MOBILE),
        ("06\u00a012\u202f34\u201156 78", LILLE, "+33612345678", MOBILE),
        ("\u202a06 12 34 56 78\u202c", LILLE, "+33612345678", MOBILE),
        ("\uff10\uff16\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18", LILLE, "+33612345678", MOBILE),
        ("+33 6 12 34 56 78", LILLE, "+33612345678", MOBILE),
        ("+33 (0)6 12 34 56 78", LILLE, "+33612345678", MOBILE),
        ("+33 06 12 34 56 78", LILLE, "+33612345678", MOBILE),
        ("0033612345678", LILLE, "+33612345678", MOBILE),
        ("33612345678", LILLE, "+33612345678", MOBILE),
        ("07 56 12 34 56", LILLE, "+33756123456", MOBILE),
        ("01 40 01 00 00", LILLE, "+33140010000", FIXED),
        ("0972123456", LILLE, "+33972123456", VOIP),
        ("+213 661 23 45 67", LILLE, "+213661234567", MOBILE),
        # overseas mobiles, at home
        ("0690123456", GUADELOUPE, "+590690123456", MOBILE),
        ("0690 12 34 56", ST_BARTH, "+590690123456", MOBILE),
        ("0690 12 34 56", ST_MARTIN, "+590690123456", MOBILE),
        ("0696201234", MARTINIQUE, "+596696201234", MOBILE),
        ("0694 20 12 34", GUYANE, "+594694201234", MOBILE),
        ("0692 12 34 56", REUNION, "+262692123456", MOBILE),
        ("0693 12 34 56", REUNION, "+262693123456", MOBILE),
        ("0639 69 12 34", MAYOTTE, "+262639691234", MOBILE),
        ("0708 41 12 34", MIQUELON, "+508708411234", MOBILE),
        # overseas mobiles, by somebody who lives elsewhere
        ("0690123456", LILLE, "+590690123456", MOBILE),
        ("0696201234", REUNION, "+596696201234", MOBILE),
        ("0692123456", MARTINIQUE, "+262692123456", MOBILE),
        # overseas landlines, which the package takes for metropolitan ones
        ("0596 30 12 34", MARTINIQUE, "+596596301234", FIXED),
        ("0596 30 12 34", GUADELOUPE, "+596596301234", FIXED),
        ("0596 30 12 34", LILLE, "+596596301234", FIXED),
        ("+33 596 30 12 34", MARTINIQUE, "+596596301234", FIXED),
        ("33596301234", LILLE, "+596596301234", FIXED),
        ("0269 60 12 34", MAYOTTE, "+262269601234", FIXED),
        ("0269 60 12 34", LILLE, "+262269601234", FIXED),
        ("0263 10 12 34", REUNION, "+262263101234", FIXED),
        ("0262 20 12 34", REUNION, "+262262201234", FIXED),
        ("0508 41 12 34", MIQUELON, "+508411234", FIXED),
        ("0508 41 12 34", LILLE, "+508411234", FIXED),
        ("0590 27 12 34", ST_BARTH, "+590590271234", FIXED),
        ("0594 30 12 34", GUYANE, "+594594301234", FIXED),
        # typed after +33 by mistake
        ("+33692123456", REUNION, "+262692123456", MOBILE),
        ("+33692123456", LILLE, "+262692123456", MOBILE),
        ("+33 0692 12 34 56", REUNION, "+262692123456", MOBILE),
        ("+33696201234", MARTINIQUE, "+596696201234", MOBILE),
        ("+33690123456", GUADELOUPE, "+590690123456", MOBILE),
        ("+33694201234", GUYANE, "+594694201234", MOBILE),
        # a metropolitan number living overseas stays one (SC-35)
        ("0612345678", REUNION, "+33612345678", MOBILE),
        ("+33612345678", "97410", "+33612345678", MOBILE),
        ("0140010000", MARTINIQUE, "+33140010000", FIXED),
        # short plans of the Pacific and of Miquelon, at home only
        ("41 12 34", MIQUELON, "+508411234", FIXED),
        ("75 12 34", NOUMEA, "+687751234", MOBILE),
        ("87 12 34 56", PAPEETE, "+68987123456", MOBILE),
        ("72 12 34", WALLIS, "+681721234", MOBILE),
    ],
)
def test_read_rightly(value: str, postal_code: str, e164: str, line_type: LineType) -> None:
    """A number is read as its owner means it, whatever the punctuation."""
    assert parse_phone(value, postal_code) == Phone(e164=e164, line_type=line_type, valid=True)


@pytest.mark.parametrize("value", ["0800123456", "0 800 12 34 56", "0892 70 12 34", "+33800123456"])
def test_special(value: str) -> None:
    """A service's number exists, but nobody lives behind it."""
    phone = parse_phone(value, LILLE)
    assert (phone.valid, phone.line_type, phone.problem) == (True, SPECIAL, "special_number")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "empty_number"),
        (" \u200b-", "empty_number"),
        ("3949", "short_number"),
        ("+333949", "short_number"),
        ("+33 39 49", "short_number"),
        ("0033 3949", "short_number"),
        ("38123", "short_number"),
        ("118 218", "short_number"),
        ("17", "short_number"),
        ("75 12 34", "short_number"),
        ("06 12 34 56 7", "invalid_number"),
        ("06 12 34 56 789", "invalid_number"),
        ("+33 6 12 34 56 7", "invalid_number"),
        ("0639 12 34 56", "invalid_number"),
        ("0596 20 12 34", "invalid_number"),
        ("+33 596 20 12 34", "invalid_number"),
        ("0269 20 12 34", "invalid_number"),
        ("0263 50 12 34", "invalid_number"),
        ("0508 00 12 34", "invalid_number"),
        ("00 00 00 00 00", "invalid_number"),
        ("0612345678 (bureau)", "invalid_number"),
        ("06 12 34 56 78 / 07 12 34 56 78", "invalid_number"),
        ("luc@fai.example", "invalid_number"),
        ("néant", "invalid_number"),
        ("+999 12 34 56", "invalid_number"),
    ],
)
@pytest.mark.parametrize("postal_code", [LILLE, MARTINIQUE, REUNION])
def test_refused(value: str, problem: str, postal_code: str) -> None:
    """A missing digit is never padded, a short code is nobody's number, two numbers are not one."""
    assert parse_phone(value, postal_code) == Phone(e164=None, line_type=LineType.UNKNOWN, valid=False, problem=problem)


@settings(max_examples=300, deadline=None)
@given(
    prefix=st.sampled_from(
        ["0262", "0263", "0269", "0508", "0590", "0594", "0596", "0639", "0690", "0691", "0692", "0693", "0694", "0696", "0697"]
    ),
    rest=st.from_regex(r"[0-9]{6}", fullmatch=True),
    plus=st.booleans(),
    postal_code=st.sampled_from([LILLE, GUADELOUPE, MARTINIQUE, GUYANE, REUNION, MAYOTTE, MIQUELON, PAPEETE]),
)
def test_an_overseas_number_is_never_metropolitan(prefix: str, rest: str, plus: bool, postal_code: str) -> None:
    """No number of an overseas prefix ever becomes +33: read rightly, or refused."""
    value = f"+33{prefix[1:]}{rest}" if plus else prefix + rest
    phone = parse_phone(value, postal_code)
    assert phone.e164 is None or not phone.e164.startswith("+33")
    assert phone.valid == (phone.e164 is not None)


@settings(max_examples=300, deadline=None)
@given(
    value=st.text(max_size=40) | st.from_regex(r"\+?[0-9 ]{0,25}", fullmatch=True),
    postal_code=st.sampled_from([LILLE, MARTINIQUE, NOUMEA, "", "x"]),
)
def test_never_raises(value: str, postal_code: str) -> None:
    """Whatever was typed, the answer is a number or a bounded problem."""
    phone = parse_phone(value, postal_code)
    assert phone.valid or phone.problem in {"empty_number", "short_number", "invalid_number"}
