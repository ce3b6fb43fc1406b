"""`sans-faute explain …`: golden values of the rules (§13), asked for as a script would, with its keys (contracts §5)."""

import json
from typing import Any

import pytest

from services.commands import run
from services.commands.exits import Exit
from services.core.channels.gsm7 import measure

_MEETING = (
    "France Travail : rendez-vous mardi 24 novembre à 10h30, agence Lille Centre. "
    "Répondez 1 si vous venez, 2 si vous ne pouvez pas venir. Besoin d'aide : 3949."
)
_MONTH = (
    "France Travail : actualisation de novembre pas faite. Dernier jour : mardi 15 décembre. Faites-la au 3949, sur l'appli ou en agence."
)


class Ask:
    """The command line, answered as an object."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> dict[str, Any]:
        assert run(["explain", *arguments, "--json"]) == Exit.DONE
        found: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return found


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """`sans-faute explain … --json`."""
    return Ask(capsys)


@pytest.mark.parametrize(
    ("period", "opens", "closes", "first", "a2"),
    [
        ("2026-11", "2026-11-28T00:00:00+01:00", "2026-12-15T23:59:59+01:00", "2026-11-30", "2026-12-10T10:00:00+01:00"),
        # J-5 is a Sunday: the Saturday before
        ("2026-12", "2026-12-28T00:00:00+01:00", "2027-01-15T23:59:59+01:00", "2026-12-28", "2027-01-09T10:00:00+01:00"),
        ("2027-01", "2027-01-28T00:00:00+01:00", "2027-02-15T23:59:59+01:00", "2027-01-28", "2027-02-10T10:00:00+01:00"),
        ("2027-02", "2027-02-26T00:00:00+01:00", "2027-03-15T23:59:59+01:00", "2027-02-26", "2027-03-10T10:00:00+01:00"),
        # SC-30: the 26th in a leap year too
        ("2028-02", "2028-02-26T00:00:00+01:00", "2028-03-15T23:59:59+01:00", "2028-02-28", "2028-03-10T10:00:00+01:00"),
        ("2027-03", "2027-03-28T00:00:00+01:00", "2027-04-15T23:59:59+02:00", "2027-03-30", "2027-04-10T10:00:00+02:00"),
    ],
)
def test_periods(ask: Ask, period: str, opens: str, closes: str, first: str, a2: str) -> None:
    """Opening, end, first day on which anybody may be contacted, and the step of J-5, on the clock of Paris."""
    found = ask("period", period)
    assert (found["opens_at"], found["closes_at"], found["first_contactable_day"]) == (opens, closes, first)
    assert found["steps"]["A2"] == a2
    assert found["steps"]["A0"][:10] == first


def test_the_whole_month_of_november(ask: Ask) -> None:
    """SC-05: every step and both lists, the 13th being a Sunday and the 12th a Saturday."""
    found = ask("period", "2026-11")
    assert {step: at[5:16] for step, at in found["steps"].items()} == {
        "A0": "11-30T10:00",
        "A1": "12-05T10:00",
        "A2": "12-10T10:00",
        "A3": "12-12T10:00",
        "A4": "12-14T10:00",
        "A5": "12-15T10:00",
        "A5_2": "12-15T16:00",
        "alert_list_1": "12-11T08:00",
        "alert_list_2": "12-14T14:00",
    }
    by_voice = ask("period", "2026-11", "--channel", "voice")["steps"]
    assert by_voice["A3"] == "2026-12-11T14:00:00+01:00"


@pytest.mark.parametrize(
    ("postal_code", "closes"),
    [
        # the earlier of the official end and the local one
        ("97110", "2026-12-15T18:59:59-04:00"),
        ("97300", "2026-12-15T19:59:59-03:00"),
        ("97400", "2026-12-15T23:59:59+04:00"),
        ("97600", "2026-12-15T23:59:59+03:00"),
        ("97500", "2026-12-15T19:59:59-03:00"),
    ],
)
def test_the_end_overseas(ask: Ask, postal_code: str, closes: str) -> None:
    """Instants are told on the clock of the residence (§2.1)."""
    assert ask("period", "2026-11", "--postal-code", postal_code)["closes_at"] == closes


def test_the_agency_is_closed_on_the_last_days(ask: Ask) -> None:
    """R15: the 15th is a Sunday; with the Friday closed as well, the last usable day is Thursday."""
    assert ask("period", "2026-10")["last_usable_agency_day"] == "2026-11-13"
    assert ask("period", "2026-10", "--closed", "2026-11-13")["last_usable_agency_day"] == "2026-11-12"


@pytest.mark.parametrize(
    ("day", "submit", "seven"),
    [
        ("2026-12-01", "2026-11-24", "2026-11-19"),
        ("2026-12-11", "2026-12-03", "2026-11-30"),
        ("2026-12-15", "2026-12-08", "2026-12-03"),
        ("2026-12-28", "2026-12-21", "2026-12-16"),
        ("2027-01-04", "2026-12-28", "2026-12-22"),
        ("2027-01-15", "2027-01-07", "2027-01-04"),
        ("2027-03-30", "2027-03-23", "2027-03-18"),
    ],
)
def test_letters(ask: Ask, day: str, submit: str, seven: str) -> None:
    """The table of limits: 15:00 in Paris, three days of transit; seven in Guyane, whose holidays of these weeks are the national ones."""
    at_home = ask("letter", "--for", f"{day}T10:30", "--postal-code", "75011", "--at", f"{submit}T15:00")
    assert (at_home["submit_by"][:16], at_home["transit_days"], at_home["feasible"]) == (f"{submit}T15:00", 3, True)
    assert not ask("letter", "--for", f"{day}T10:30", "--postal-code", "75011", "--at", f"{submit}T15:01")["feasible"]
    overseas = ask("letter", "--for", f"{day}T10:30", "--postal-code", "97300")
    assert (overseas["submit_by"], overseas["transit_days"]) == (f"{seven}T11:00:00-03:00", 7)


def test_how_a_letter_is_counted(ask: Ask) -> None:
    """Backwards, one day after the other, with the reason for each that is skipped: 11 November, a Sunday, the printer's Saturday."""
    counting = ask("letter", "--for", "2026-11-17T10:30", "--postal-code", "75011")["counting"]
    assert [(one["day"][8:], one["calendar"], one.get("counted_as") or f"- {one['skipped']}") for one in counting] == [
        ("15", "post", "- sunday"),
        ("14", "post", "in_the_box"),
        ("13", "post", "transit"),
        ("12", "post", "transit"),
        ("11", "post", "- holiday"),
        ("10", "post", "transit"),
        ("09", "printer", "submission"),
    ]
    weekend = ask("letter", "--for", "2026-12-11T09:00", "--postal-code", "75011")["counting"]
    assert [(one["day"][8:], one.get("counted_as") or f"- {one['skipped']}") for one in weekend[-3:]] == [
        ("05", "- weekend"),
        ("04", "posted"),
        ("03", "submission"),
    ]


@pytest.mark.parametrize(
    ("number", "postal_code", "expected"),
    [
        ("0692 12 34 56", "97400", (True, "+262692123456", "mobile", ["sms", "voice"], None)),
        ("0690 12 34 56", "97110", (True, "+590690123456", "mobile", ["sms", "voice"], None)),
        ("0696201234", "97200", (True, "+596696201234", "mobile", ["sms", "voice"], None)),
        ("+33612345678", "97410", (True, "+33612345678", "mobile", ["sms", "voice"], None)),
        ("01 40 01 00 00", "75011", (True, "+33140010000", "fixed_line", ["voice"], None)),
        ("0972123456", "75011", (True, "+33972123456", "voip", ["voice"], None)),
        ("0800123456", "75011", (True, "+33800123456", "special", [], "special_number")),
        ("3949", "75011", (False, None, "unknown", [], "short_number")),
        ("06 12 34 56 7", "75011", (False, None, "unknown", [], "invalid_number")),
    ],
)
def test_phones(ask: Ask, number: str, postal_code: str, expected: tuple[object, ...]) -> None:
    """§4.1, SC-33: number, kind and channels; a landline is called only, a digit is never added."""
    found = ask("phone", number, "--postal-code", postal_code)
    assert (found["valid"], found.get("e164"), found["type"], found["channels"], found.get("problem")) == expected


@pytest.mark.parametrize(
    ("text", "as_it_stands", "as_sent"),
    [
        (_MEETING, ("GSM-7", 155, 1), ("GSM-7", 155, 1, [])),
        (f"Leïla, {_MEETING}", ("UCS-2", 162, 3), ("GSM-7", 162, 2, ["ï→i"])),
        (f"Leila, {_MEETING}", ("GSM-7", 162, 2), ("GSM-7", 162, 2, [])),
        (_MONTH, ("GSM-7", 132, 1), ("GSM-7", 132, 1, [])),
        ("N° de dossier", ("UCS-2", 13, 1), ("GSM-7", 13, 1, ["°→o"])),
        ("10\u202fh\u202f30", ("UCS-2", 7, 1), ("GSM-7", 7, 1, ["\u202f→ "])),
        # a script that no replacement makes GSM-7 stays as it is
        ("موعد", ("UCS-2", 4, 1), ("UCS-2", 4, 1, [])),
    ],
)
def test_sms(ask: Ask, text: str, as_it_stands: tuple[str, int, int], as_sent: tuple[object, ...]) -> None:
    """§4.3: the length of a text as somebody wrote it, and as it is sent."""
    raw = measure(text)
    assert (raw.encoding, raw.length, raw.parts) == as_it_stands
    found = ask("sms", text)
    assert (found["encoding"], found["length"], found["parts"], found["changed"]) == as_sent


def test_addresses(ask: Ask) -> None:
    """§13: capitals without punctuation; what is too long is abbreviated; errors are bounded codes."""
    lines = ["Leïla Test", "Résidence « Les Œillets » \u2013 Bât. B", "12 bis, rue de l'Église-Neuve", "59000 Lille"]
    found = ask("address", *lines)
    assert found == {
        "lines": ["LEILA TEST", "RESIDENCE LES OEILLETS BAT B", "12 BIS RUE DE L EGLISE NEUVE", "59000 LILLE"],
        "errors": [],
    }
    long = ask("address", "Leïla Test", "3 avenue du Maréchal de Lattre de Tassigny prolongée", "59000 Lille")
    assert (long["lines"][1], long["errors"]) == ("3 AV DU MAL DE LATTRE DE TASSIGNY PROL", [])
    assert ask("address", "Leïla Test")["errors"] == ["EMPTY_ADDRESS_LINE_1_OR_ADDRESS_LINE_2", "ADDRESS_LINE_6_WRONG_FORMAT"]


@pytest.mark.parametrize(
    ("arguments", "holiday", "spans"),
    [
        (("sms", "2026-12-19", "97400"), None, ["09:30-18:00"]),
        (("voice", "2026-12-21", "97400"), None, ["10:00-12:45", "14:00-18:45"]),
        # SC-33: 20 December is a holiday of La Réunion, and of nobody else
        (("voice", "2027-12-20", "97400"), "Abolition de l'esclavage", []),
        (("voice", "2027-12-20", "75011"), None, ["10:00-12:45", "14:00-18:45"]),
        (("sms", "2026-12-20", "75011"), None, []),
        (("email", "2027-03-29", "75011"), "Lundi de Pâques", ["07:30-20:00"]),
    ],
)
def test_windows(ask: Ask, arguments: tuple[str, str, str], holiday: str | None, spans: list[str]) -> None:
    """§10.3 on the clock of the residence, holidays by name."""
    channel, day, postal_code = arguments
    found = ask("windows", "--channel", channel, "--date", day, "--postal-code", postal_code)
    assert found.get("holiday") == holiday
    assert [f"{opens[11:16]}-{closes[11:16]}" for opens, closes in found["windows"]] == spans


def test_the_window_of_a_closing_day(ask: Ask) -> None:
    """15 November 2026 is a Sunday: SMS may go only because a period ends."""
    sunday = ("windows", "--channel", "sms", "--date", "2026-11-15", "--postal-code", "75011")
    assert ask(*sunday)["windows"] == []
    assert ask(*sunday, "--closing-day")["windows"] == [["2026-11-15T10:00:00+01:00", "2026-11-15T18:00:00+01:00"]]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("38123", (True, "short_code", True, None)),
        ("FRTRAVAIL", (True, "alphanumeric", False, None)),
        ("0948123456", (True, "number", True, None)),
        ("0612345678", (False, "number", False, "mobile_number")),
        ("0140010000", (False, "number", False, "geographic_number")),
        ("FranceTravail", (False, "alphanumeric", False, "name_too_long")),
        ("FT-INFO", (False, "alphanumeric", False, "name_character")),
        ("12345678901", (False, "number", False, "not_a_number")),
    ],
)
def test_senders(ask: Ask, value: str, expected: tuple[object, ...]) -> None:
    """SC-43: what may be shown, and whether people can answer."""
    found = ask("sender", value)
    assert (found["valid"], found["kind"], found["two_way"], found.get("problem")) == expected


def test_the_verified_ranges_of_the_settings_count(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list is configuration (§4.2); another setting that is wrong does not keep anybody from asking."""
    monkeypatch.setenv("VERIFIED_RANGES", "0140")
    monkeypatch.setenv("SMS_SENDER", "FT-INFO")
    assert ask("sender", "0140010000")["valid"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["period", "2026-13"], "PERIOD: not a period"),
        (["period", "2026-11", "--postal-code", "7501"], "--postal-code: a postal code has five digits"),
        (["letter", "--for", "tomorrow", "--postal-code", "75011"], "--for: not an instant"),
        (["windows", "--channel", "sms", "--date", "19/12/2026", "--postal-code", "75011"], "--date: not a day"),
        (["windows", "--channel", "fax", "--date", "2026-12-19", "--postal-code", "75011"], "fax"),
    ],
)
def test_bad_input_is_2_and_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line names what is wrong; no traceback."""
    assert run(["explain", *arguments]) == Exit.WRONG_USAGE
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_people_read_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json: a line for each thing, days by name."""
    assert run(["explain", "letter", "--for", "2026-12-11T09:00", "--postal-code", "75011", "--at", "2026-12-03T15:01"]) == Exit.DONE
    told = capsys.readouterr().out
    assert "submit by     Thu 2026-12-03 15:00:00" in told
    assert "feasible      no" in told
    assert "Sun 2026-12-06  skipped: sunday (post)" in told
