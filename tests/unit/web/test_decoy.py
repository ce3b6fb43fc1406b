"""The wrong date beside the right one."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.web.decoy import date_options

PARIS = ZoneInfo("Europe/Paris")
RIGHTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(lambda at: at.replace(second=0, microsecond=0, tzinfo=PARIS))  # noqa: DTZ001


@given(secret=st.text(min_size=1), right=RIGHTS, ahead=st.integers(0, 20), keep_hour=st.booleans())
def test_one_right_one_wrong(secret: str, right: datetime, ahead: int, keep_hour: bool) -> None:
    """Two dates, one right; the wrong one is another day, a weekday, after the message and none of the message's dates (§10.12)."""
    after = right.date() - timedelta(days=ahead)
    taken = {right.date() + timedelta(days=2)}
    options = date_options(secret=secret, right=right, after=after, taken=taken, keep_hour=keep_hour)
    assert [option.at for option in options if option.right] == [right]
    (wrong,) = [option for option in options if not option.right]
    assert wrong.at.date() != right.date()
    assert wrong.at.weekday() < 5
    assert wrong.at.date() > after
    assert wrong.at.date() not in taken
    assert (wrong.at.time() == right.time()) == keep_hour
    assert len({option.value for option in options}) == 2


def test_the_same_each_time() -> None:
    """Who looks four times sees the same two dates in the same order."""
    right = datetime(2026, 12, 3, 14, tzinfo=PARIS)
    looks = [date_options(secret="t", right=right, after=date(2026, 11, 25), taken=(), keep_hour=False) for _ in range(4)]
    assert len(set(looks)) == 1


def test_order_does_not_tell() -> None:
    """The right date stands first for some links and second for others."""
    right = datetime(2026, 12, 3, 14, tzinfo=PARIS)
    first = [date_options(secret=f"t{n}", right=right, after=date(2026, 11, 25), taken=(), keep_hour=False)[0].right for n in range(40)]
    assert 5 < sum(first) < 35
