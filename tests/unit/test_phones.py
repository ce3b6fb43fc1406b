"""Telephone numbers as people write them (rules §4.1, §13, SC-33)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.adapters.phones import parse_phone
from services.core.words import LineType

PARIS, LILLE = "75011", "59000"
GUADELOUPE, SAINT_BARTH, SAINT_MARTIN, MARTINIQUE = "97110", "97133", "97150", "97200"
GUYANE, REUNION, MIQUELON, MAYOTTE = "97300", "97400", "97500", "97600"
WALLIS, POLYNESIA, CALEDONIA = "98600", "98714", "98800"


@pytest.mark.parametrize(
    ("written", "postal_code", "e164", "line_type"),
    [
        # the golden values: overseas mobiles read by anybody, which the French region alone would refuse
        ("0690123456", GUADELOUPE, "+590690123456", LineType.MOBILE),
        ("0690123456", PARIS, "+590690123456", LineType.MOBILE),
        ("0696201234", MARTINIQUE, "+596696201234", LineType.MOBILE),
        ("0696201234", LILLE, "+596696201234", LineType.MOBILE),
        ("0972123456", PARIS, "+33972123456", LineType.VOIP),
        ("0692 12 34 56", REUNION, "+262692123456", LineType.MOBILE),
        ("0693 12 34 56", REUNION, "+262693123456", LineType.MOBILE),
        ("0694 20 12 34", GUYANE, "+594694201234", LineType.MOBILE),
        ("0697 20 12 34", MARTINIQUE, "+596697201234", LineType.MOBILE),
        ("0639 02 12 34", MAYOTTE, "+262639021234", LineType.MOBILE),
        ("0690 12 34 56", SAINT_BARTH, "+590690123456", LineType.MOBILE),
        ("0690 12 34 56", SAINT_MARTIN, "+590690123456", LineType.MOBILE),
        # the metropole
        ("06 12 34 56 78", PARIS, "+33612345678", LineType.MOBILE),
        ("01 40 01 00 00", PARIS, "+33140010000", LineType.FIXED_LINE),
        # many people in La Réunion have a metropolitan mobile
        ("+33612345678", "97410", "+33612345678", LineType.MOBILE),
        ("06 12 34 56 78", REUNION, "+33612345678", LineType.MOBILE),
        # small territories have shorter numbers of their own
        ("55 12 34", MIQUELON, "+508551234", LineType.MOBILE),
        ("40 42 12 34", POLYNESIA, "+68940421234", LineType.FIXED_LINE),
        ("87 71 23 45", POLYNESIA, "+68987712345", LineType.MOBILE),
        ("75 12 34", CALEDONIA, "+687751234", LineType.MOBILE),
        ("82 12 34", WALLIS, "+681821234", LineType.MOBILE),
    ],
)
def test_a_number_is_read_as_its_owner_dials_it(written: str, postal_code: str, e164: str, line_type: LineType) -> None:
    """Region of residence first, then the French ones; spaces do not matter."""
    phone = parse_phone(written, postal_code)
    assert (phone.e164, phone.line_type, phone.valid, phone.problem) == (e164, line_type, True, None)


@pytest.mark.parametrize("postal_code", [PARIS, MARTINIQUE, MAYOTTE, MIQUELON, REUNION])
@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("0596 71 23 45", "+596596712345"),
        ("0263 12 34 56", "+262263123456"),
        ("0269 61 12 34", "+262269611234"),
        ("0508 41 23 45", "+508412345"),
        ("0594 30 12 34", "+594594301234"),
        ("0590 27 12 34", "+590590271234"),
        ("0262 20 12 34", "+262262201234"),
        ("+33 596 71 23 45", "+596596712345"),
        ("+33 508 41 23 45", "+508412345"),
        ("33596712345", "+596596712345"),
        ("596712345", "+596596712345"),
        ("0033 2 69 61 12 34", "+262269611234"),
    ],
)
def test_an_overseas_landline_is_never_a_metropolitan_number(written: str, e164: str, postal_code: str) -> None:
    """The library takes 0596, 0263, 0269 and 0508 for valid +33 numbers: whoever dials them reaches nobody."""
    phone = parse_phone(written, postal_code)
    assert (phone.e164, phone.line_type) == (e164, LineType.FIXED_LINE)


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("+33692123456", "+262692123456"),
        ("+33 6 96 20 12 34", "+596696201234"),
        ("+33690123456", "+590690123456"),
        ("+33694201234", "+594694201234"),
        ("+33639021234", "+262639021234"),
        ("0033 692 12 34 56", "+262692123456"),
        ("+33 (0)692 12 34 56", "+262692123456"),
        ("+33 0692 12 34 56", "+262692123456"),
        ("33692123456", "+262692123456"),
    ],
)
def test_the_wrong_country_code_before_an_overseas_mobile_is_repaired(written: str, e164: str) -> None:
    """+33 692 … was typed by mistake: the prefix says where it belongs."""
    assert parse_phone(written, PARIS).e164 == e164


@pytest.mark.parametrize(
    "written",
    [
        "+33 (0)6 12 34 56 78",
        "+33 6 12 34 56 78",
        "0033 6 12 34 56 78",
        "06.12.34.56.78",
        "06-12-34-56-78",
        "06/12/34/56/78",
        "06\u202f12\u202f34\u202f56\u202f78",
        "06\u00a012\u00a034\u00a056\u00a078",
        " 0612345678 ",
        "+330612345678",
        "33612345678",
        "06\u201112\u201134\u201156\u201178",
        "\u202a06 12 34 56 78\u202c",
        "\uff10\uff16\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
        "tel:+33612345678",
    ],
)
def test_ways_of_writing_do_not_matter(written: str) -> None:
    """Spaces of all kinds, dots, dashes, slashes, and the zero that is not dialled from abroad."""
    assert parse_phone(written, PARIS).e164 == "+33612345678"


@pytest.mark.parametrize("written", ["3949", "39 49", "+33 3949", "36 46", "38123", "118 218", "112", "15", "17"])
@pytest.mark.parametrize("postal_code", [PARIS, REUNION, MIQUELON])
def test_a_service_is_nobodys_number(written: str, postal_code: str) -> None:
    """Short codes are refused; the library alone would make +33 numbers of them."""
    phone = parse_phone(written, postal_code)
    assert (phone.e164, phone.valid, phone.problem) == (None, False, "short_number")


@pytest.mark.parametrize(
    "written",
    [
        "06 12 34 56 7",  # a digit is missing
        "06 12 34 56 78 9",  # one too many
        "0612345678 0698765432",
        "41 23 45",  # whole in Miquelon, not here
        "40 42 12 34",  # whole in Polynesia, not here
        "551 23 45 67 89",
        "0700000000",
        "0000000000",
        "abc",
        "06 12 34 56 7x",
        "0612345678 (bureau)",
        "06 12 34 56 78 / 07 12 34 56 78",
        "luc@fai.example",
        "+33 6 12 34 56 7",
        "0596 20 12 34",  # the library would say +33596201234
        "+33 596 20 12 34",
        "0269 20 12 34",
        "0263 50 12 34",
        "0508 00 12 34",
        "+",
        "+33",
        "+999 123456789",
    ],
)
def test_what_is_not_a_number_is_refused_and_never_padded(written: str) -> None:
    """No digit is ever added, dropped or guessed."""
    phone = parse_phone(written, PARIS)
    assert (phone.e164, phone.valid, phone.problem) == (None, False, phone.problem)
    assert phone.problem in {"invalid_number", "short_number"}


@pytest.mark.parametrize("written", ["", "   ", "-", "\u00a0"])
def test_nothing_is_refused(written: str) -> None:
    """An empty field has its own word."""
    assert parse_phone(written, PARIS).problem == "empty_number"


@pytest.mark.parametrize("written", ["0800123456", "0890 12 34 56", "0820 12 34 56"])
def test_a_special_number_is_valid_and_not_a_persons_own(written: str) -> None:
    """08 numbers are services: valid, and not to be written to or called."""
    phone = parse_phone(written, PARIS)
    assert (phone.valid, phone.line_type, phone.problem) == (True, LineType.SPECIAL, "special_number")


def test_a_foreign_mobile_is_valid() -> None:
    """Whether it is written to is policy, not numbering."""
    phone = parse_phone("+213 551 23 45 67", LILLE)
    assert (phone.e164, phone.line_type, phone.valid) == ("+213551234567", LineType.MOBILE, True)


def test_a_belgian_mobile_dialled_from_lille_is_a_french_landline() -> None:
    """Without a country code a number is read in French territories only."""
    assert parse_phone("0470 12 34 56", LILLE).e164 == "+33470123456"


@settings(max_examples=300, deadline=None)
@given(
    prefix=st.sampled_from(
        ["0262", "0263", "0269", "0508", "0590", "0594", "0596", "0639", "0690", "0691", "0692", "0693", "0694", "0696", "0697"]
    ),
    rest=st.from_regex(r"[0-9]{6}", fullmatch=True),
    plus=st.booleans(),
    postal_code=st.sampled_from([LILLE, GUADELOUPE, MARTINIQUE, GUYANE, REUNION, MAYOTTE, MIQUELON, POLYNESIA]),
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
    postal_code=st.sampled_from([LILLE, MARTINIQUE, CALEDONIA, "", "x"]),
)
def test_never_raises(value: str, postal_code: str) -> None:
    """Whatever was typed, the answer is a number or a bounded problem."""
    phone = parse_phone(value, postal_code)
    assert phone.valid or phone.problem in {"empty_number", "short_number", "invalid_number"}
