"""The script of faults, the town and its hours come from a seed, and hold what they promise."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.adapters.policy import load_policy
from services.core.words import Channel, Kind
from tests.chaos import seeds
from tests.chaos.hours import CLOSES, OPEN, OPENS, hours_of, write_policy
from tests.chaos.people import period_at, town
from tests.chaos.run import Plan
from tests.chaos.script import PROCESSES, Trouble, script

START = datetime(2026, 11, 21, 15, 7, 20, tzinfo=UTC)


def test_a_seed_plays_the_same_script_again() -> None:
    """The same seed, the same faults; another one, others."""
    assert script(7, 40, 160) == script(7, 40, 160)
    assert script(7, 40, 160) != script(8, 40, 160)


def test_every_kind_of_trouble_happens_and_everybody_is_hit() -> None:
    """In a full run each kind comes, to every copy of every process; in a small one each kind still comes once."""
    full = script(1, 210, 840)
    assert {fault.trouble for fault in full} == set(Trouble)
    hit = {fault.target for fault in full if fault.trouble in (Trouble.KILLED, Trouble.STOPPED, Trouble.FROZEN)}
    assert hit >= {f"{name}-{copy}" for name in PROCESSES for copy in "12"}
    assert {fault.trouble for fault in script(1, 16, 64)} == set(Trouble)
    assert [fault.at for fault in full] == sorted(fault.at for fault in full)


def test_the_town_owes_everything_on_every_channel() -> None:
    """Duties of each kind, people of each channel in each place, some of whom owe two things; the same from the same seed."""
    duties = town(1, 500, START, 600)
    assert {duty.kind for duty in duties} == {Kind.CONVOCATION, Kind.APPOINTMENT, Kind.ACTUALISATION}
    assert {(duty.owner.channel, duty.owner.place.postal_code) for duty in duties} == {
        (channel, place.postal_code) for channel in Channel for place in (OPEN, CLOSES, OPENS)
    }
    assert len({duty.owner.id for duty in duties}) < len({duty.obligation_id for duty in duties}) == 500
    assert duties == town(1, 500, START, 600)


@pytest.mark.parametrize(("at", "period", "closes"), [
    (datetime(2026, 11, 21, 15, tzinfo=UTC), "2026-11", datetime(2026, 12, 15, 22, 59, 59, tzinfo=UTC)),
    (datetime(2026, 12, 15, 12, tzinfo=UTC), "2026-11", datetime(2026, 12, 15, 22, 59, 59, tzinfo=UTC)),
    (datetime(2026, 12, 16, 12, tzinfo=UTC), "2026-12", datetime(2027, 1, 15, 22, 59, 59, tzinfo=UTC)),
    (datetime(2027, 1, 3, 12, tzinfo=UTC), "2026-12", datetime(2027, 1, 15, 22, 59, 59, tzinfo=UTC)),
])  # fmt: skip
def test_the_period_that_closes_next(at: datetime, period: str, closes: datetime) -> None:
    """Until the 15th the month before, afterwards the present one (§2.1)."""
    assert period_at(at) == (period, closes)


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_at_any_hour_some_are_open_some_close_and_some_open(hour: int, tmp_path: Path) -> None:
    """The written policy says what the run's hours say: around the clock, one zone is open, one closes and one opens in mid-run."""
    start = START.replace(hour=hour)
    hours = hours_of(start, 600)
    assert start < hours.opens_at < hours.closes_at < start + timedelta(seconds=600)
    policy = load_policy(write_policy(tmp_path / "policy.toml", hours, start, 600, period_at(start)[1]))

    def is_open(place: object, at: datetime) -> bool:
        zone = next(one.zone for one in (OPEN, CLOSES, OPENS) if one is place)
        return any(begin <= at.astimezone(zone).time() < end for begin, end in policy.windows[Channel.SMS].weekday)

    for second in range(0, 600, 20):
        at = start + timedelta(seconds=second)
        assert is_open(OPEN, at)
        assert is_open(CLOSES, at) == (hours.breach(CLOSES, at) == 0 and at != hours.closes_at)
        assert is_open(OPENS, at) == (hours.breach(OPENS, at) == 0)


def test_a_seed_that_found_something_is_kept_once_with_its_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed at another pace is another run: the plan comes back as it was played, and stands there once."""
    monkeypatch.setattr(seeds, "_FILE", tmp_path / "seeds.txt")
    (tmp_path / "seeds.txt").write_text("# remark\n", "utf-8")
    plan = Plan(seed=7, obligations=300, faults=20, pace=2.5)
    for _ in range(2):
        seeds.keep(plan)
    assert seeds.kept() == [plan]
