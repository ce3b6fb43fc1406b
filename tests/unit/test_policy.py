"""The policy file: typed values, or every mistake at once by its dotted name."""

import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from datetime import time, timedelta
from pathlib import Path

import pytest

from services.adapters.policy import SHIPPED, PolicyError, load_other, load_policy
from services.core.words import Channel, Step

TEXT = SHIPPED.read_text(encoding="utf-8")


def mistakes(folder: Path, *changes: tuple[str, str], overrides: dict[str, object] | None = None) -> list[str]:
    """What is said of the shipped policy after these replacements."""
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(path, overrides)
    assert str(caught.value) == "; ".join(caught.value.mistakes)
    return caught.value.mistakes


def test_the_shipped_policy() -> None:
    """The numbers of the rules (§10), as typed values."""
    policy = load_policy()
    assert policy.windows[Channel.SMS].weekday == ((time(9), time(19, 30)),)
    assert policy.windows[Channel.VOICE].weekday == ((time(10), time(12, 45)), (time(14), time(18, 45)))
    assert policy.letters.cutoff == time(15)
    assert policy.not_after == {
        Channel.SMS: timedelta(hours=1),
        Channel.VOICE: timedelta(hours=1),
        Channel.EMAIL: timedelta(hours=2),
        Channel.LETTER: timedelta(0),
    }
    assert policy.timers.no_receipt == timedelta(hours=4)
    assert policy.timers.email_retries == (timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
    assert [reminder.step for reminder in policy.meeting.reminders] == [Step.R1, Step.R2, Step.R3]
    assert [(step.step, step.occurrence) for step in policy.actualisation.steps][-2:] == [(Step.A5, 1), (Step.A5, 2)]
    assert policy.actualisation.spread == timedelta(hours=8)
    assert policy.alerts.at_risk.days_before == 3


def test_overrides() -> None:
    """A scenario changes a value by its dotted name; the next one starts from the file again."""
    policy = load_policy(overrides={"actualisation.spread": "0s", "windows.sms.closed_day": [["10:00", "12:00"]], "caps.meeting.sms": 5})
    assert policy.actualisation.spread == timedelta(0)
    assert policy.windows[Channel.SMS].closed_day == ((time(10), time(12)),)
    assert policy.caps.meeting[Channel.SMS] == 5
    assert load_policy().actualisation.spread == timedelta(hours=8)


def test_every_mistake_is_reported_together(tmp_path: Path) -> None:
    """A missing, a misspelt, a wrong one in different corners, and an override that names nothing: one message with all."""
    found = mistakes(
        tmp_path,
        ('no_receipt = "4h"', 'no_reciept = "4h"'),
        ('validity = "24h"', 'validity = "a day"'),
        ("voice_per_day = 2", "voice_per_day = -2"),
        ('hour = "10:00"\nspread = "30m"', 'hour = "25:00"\nspread = 30'),
        ('channel = "another"\nlast_chance = "sms"', 'channel = "any"\nlast_chance = "fax"'),
        ("production_days = 1", 'production_days = "1"'),
        overrides={"actualisation.speed": "8h", "windows.sms.weekday": "09:00"},
    )
    assert [mistake.partition(": ")[0] for mistake in found] == [
        "actualisation.speed",
        "windows.sms.weekday",
        "letters.production_days",
        "sms.validity",
        "caps.person.voice_per_day",
        "timers.no_reciept",
        "timers.no_receipt",
        "meeting.reminders[0].hour",
        "meeting.reminders[0].spread",
        "meeting.reminders[2].channel",
        "meeting.reminders[2].last_chance",
    ]


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ('validity = "24h"', 'validity = "24 h"', 'sms.validity: expected a duration such as "90s", "30m", "24h" or "2d"'),
        ('validity = "24h"', "validity = 24", 'sms.validity: expected a duration such as "90s", "30m", "24h" or "2d"'),
        ('cutoff = "15:00"', 'cutoff = "3 pm"', 'letters.cutoff: expected an hour such as "09:00"'),
        ("transit_days = 3", "transit_days = 3.5", "letters.transit_days: expected a whole number from 0 on"),
        ("transit_days = 3", "transit_days = true", "letters.transit_days: expected a whole number from 0 on"),
        ("moves = false", 'moves = "no"', "actualisation.steps[5].moves: expected true or false"),
        ('version = "2026-11.1"', "version = 2026", "version: expected some text"),
        ('version = "2026-11.1"', "", "version: is missing"),
        ("[sms]\n", "[smss]\n", "smss: there is no such value; known are version, channels, windows, letters"),
        ('step = "R3"', 'step = "R4"', "meeting.reminders[2].step: expected one of N0, L, R1"),
        (
            'fallback_order = ["sms", "voice", "email", "letter"]',
            'fallback_order = ["sms", "fax"]',
            "channels.fallback_order[1]: expected one of sms, voice, letter, email",
        ),
        ('fallback_order = ["sms", "voice", "email", "letter"]', 'fallback_order = "sms"', "channels.fallback_order: expected a list"),
        ("[windows.letter]\n", "[windows.lettre]\n", "windows.letter: is missing"),
        ('email = "72h"', "", "relied_on_alone_until.email: is missing"),
        ('letter = "0s"', "", "not_after.letter: is missing"),
        ('weekday = [["09:00", "19:30"]]', 'weekday = [["19:30", "09:00"]]', "windows.sms.weekday: a window ends before it starts"),
        ('weekday = [["09:00", "19:30"]]', 'weekday = [["09:00"]]', "windows.sms.weekday[0]: expected 2 values"),
        (
            'weekday = [["10:00", "12:45"], ["14:00", "18:45"]]',
            'weekday = [["10:00", "14:45"], ["14:00", "18:45"]]',
            "windows.voice.weekday: windows overlap, or are not in order",
        ),
        ('day_ends = "18:00"', 'day_ends = "07:00"', "alerts.day_ends: the day ends before it starts"),
        ("per_minute = 600", "per_minute = 0", "floods.link: with a zero nobody could come in"),
        ('starts = ["10:00", "14:00", "17:00"]', "starts = []", "voice_slots.starts: a follow-up call needs a slot"),
        ('step = "R3"', 'step = "R2"', "meeting.reminders: a step stands there twice"),
        ("occurrence = 2", "occurrence = 1", "actualisation.steps: a step stands there twice with the same occurrence"),
        ("[timers]", "timers = 5\n[timer]", "timers: expected a table"),
        ("[timers]", "[timers", "policy.toml is not TOML in UTF-8"),
    ],
)
def test_one_mistake(tmp_path: Path, old: str, new: str, mistake: str) -> None:
    """Each is named by its dotted name, in words that say what would be right."""
    text = TEXT
    if new.startswith("timers = 5"):  # a key of the whole file must stand before its first table
        text, new = f"timers = 5\n{text}", "[timer]"
    path = tmp_path / "policy.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert any(found.startswith(mistake) for found in caught.value.mistakes), caught.value.mistakes


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Is a mistake like the others."""
    with pytest.raises(PolicyError, match=r"gone\.toml cannot be read: No such file"):
        load_policy(tmp_path / "gone.toml")


def _other(folder: Path, text: str) -> Path:
    path = folder / "other.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_few_values_are_laid_over_the_shipped_policy(tmp_path: Path) -> None:
    """Tables, dotted names and rungs by their step; what a rung leaves out can be added; the rest is as shipped."""
    text = """
        version = "mine"
        caps.meeting.sms = 5
        [actualisation]
        spread = "4h"
        [actualisation.steps.A5_2]
        hour = "17:00"
        [meeting.reminders.R1]
        unless_acknowledged_within = "1h"
    """
    policy = load_other(_other(tmp_path, text))
    assert (policy.version, policy.caps.meeting[Channel.SMS], policy.actualisation.spread) == ("mine", 5, timedelta(hours=4))
    assert [(step.occurrence, step.hour) for step in policy.actualisation.steps if step.step is Step.A5] == [(1, time(10)), (2, time(17))]
    assert policy.meeting.reminders[0].unless_acknowledged_within == timedelta(hours=1)
    assert [asdict(rung) for rung in policy.meeting.reminders[1:]] == [asdict(rung) for rung in load_policy().meeting.reminders[1:]]
    assert load_other(_other(tmp_path, text), {"caps.meeting.sms": 4}).caps.meeting[Channel.SMS] == 4


def test_a_whole_policy_is_not_completed(tmp_path: Path) -> None:
    """A file with every table stands for itself: what is missing in it is missing."""
    # word for word: ladders are compared by identity, as keys of what is computed once
    assert repr(load_other(_other(tmp_path, TEXT))) == repr(load_policy())
    with pytest.raises(PolicyError) as caught:
        load_other(_other(tmp_path, TEXT.replace("production_days = 1", "", 1)))
    assert caught.value.mistakes == ["letters.production_days: is missing"]


def test_mistakes_of_an_overlay_are_reported_together(tmp_path: Path) -> None:
    """A value that does not exist, a rung that does not exist, and a wrong hour; a file that is no TOML."""
    with pytest.raises(PolicyError) as caught:
        load_other(
            _other(tmp_path, '[actualisation]\nsped = "4h"\n[meeting.reminders.R9]\nhour = "10:00"\n[alerts.missed]\nhour = "25:00"\n')
        )
    assert [mistake.partition(": ")[0] for mistake in caught.value.mistakes] == [
        "actualisation.sped",
        "meeting.reminders.R9.hour",
        "alerts.missed.hour",
    ]
    with pytest.raises(PolicyError, match="is not TOML"):
        load_other(_other(tmp_path, "= 3"))


@pytest.mark.parametrize(
    ("overrides", "mistake"),
    [
        ({"windows.sms.weekday": [], "windows.sms.saturday": []}, "windows.sms: never open"),
        ({"voice_slots.starts": ["08:00", "20:00"]}, "voice_slots.starts: none lies in a window"),
    ],
)
def test_a_channel_that_could_never_be_used_is_refused(overrides: dict[str, object], mistake: str) -> None:
    """The planner would look for an opening that never comes."""
    with pytest.raises(PolicyError) as caught:
        load_policy(overrides=overrides)
    assert [found[: len(mistake)] for found in caught.value.mistakes] == [mistake]


def _leaves(table: dict[str, object], folder: str = "") -> Iterator[str]:
    """Every value of the shipped file by its dotted name; rungs by their step."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{folder}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for rung in value:
                called = rung["step"] if rung.get("occurrence", 1) == 1 else f"{rung['step']}_{rung['occurrence']}"
                # the step itself is how the rung is found
                yield from _leaves(
                    {name: leaf for name, leaf in rung.items() if name not in {"step", "occurrence"}}, f"{folder}{key}.{called}."
                )
        else:
            yield f"{folder}{key}"


LEAVES = sorted(_leaves(tomllib.loads(TEXT)))
#: of no kind that a policy has: no duration, hour, word, list, truth or number of things
NONSENSE = -1.5


@pytest.mark.parametrize("name", LEAVES)
def test_every_value_wrong_in_turn(name: str) -> None:
    """Each value of the file is read by somebody who says what would be right, and nothing else is said."""
    with pytest.raises(PolicyError) as caught:
        load_policy(overrides={name: NONSENSE})
    (mistake,) = caught.value.mistakes
    assert mistake.partition(": ")[0].endswith(name.rpartition(".")[2])
    assert ": expected " in mistake


def test_every_value_wrong_together() -> None:
    """As many mistakes as values, in one go."""
    assert len(LEAVES) > 100
    with pytest.raises(PolicyError) as caught:
        load_policy(overrides=dict.fromkeys(LEAVES, NONSENSE))
    assert len(set(caught.value.mistakes)) == len(LEAVES)
