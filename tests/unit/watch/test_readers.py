"""Whether the readers of topics get on, from what the broker says at one look after another."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.core.ports.watch import Overdue, Position
from services.watch.readers import TopicReaders
from tests.fixtures.tower import MORNING


class Broker:
    """Answers what the test has laid out; away when there is nothing."""

    def __init__(self) -> None:
        self.says: Mapping[tuple[str, int], Position] | None = {}

    async def ask(self) -> Mapping[tuple[str, int], Position]:
        """See ``TopicReaders.ask``."""
        if self.says is None:
            raise ConnectionError("nobody answers")
        return self.says


class Reading:
    """Looks at a topic every minute."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.readers = TopicReaders(ask=self.broker.ask)
        self.now = MORNING

    async def looks(self, *positions: tuple[int, int] | None) -> dict[str, tuple[int, datetime | None]]:
        """One look for each pair of committed and end offset, none while the broker is away; what waits after the last one."""
        for position in positions:
            self.broker.says = None if position is None else {("replies.v1", 0): Position(committed=position[0], end=position[1])}
            await self.readers.look(self.now)
            self.now += timedelta(minutes=1)
        return {one.what: (one.count, one.since) for one in self.readers.overdue(self.now)}


def minute(number: int) -> datetime:
    """So many minutes after the first look."""
    return MORNING + timedelta(minutes=number)


async def test_everything_read_is_no_trouble() -> None:
    """However much came."""
    assert await Reading().looks((0, 0), (50, 50), (900, 900)) == {"stalled": (0, None), "behind": (0, None)}


async def test_a_reader_stands_still_since_it_last_acknowledged() -> None:
    """While more comes; a quiet topic before does not count."""
    found = await Reading().looks((5, 5), (5, 5), (5, 6), (5, 7), (5, 9))
    assert found == {"stalled": (4, minute(2)), "behind": (4, minute(2))}


async def test_a_reader_that_moves_is_behind_and_does_not_stand() -> None:
    """Since the first unread record that was seen."""
    found = await Reading().looks((5, 8), (6, 19), (8, 20))
    assert found == {"stalled": (12, minute(2)), "behind": (12, minute(0))}


async def test_a_busy_reader_is_not_behind() -> None:
    """Something is unread at each look, and never what was unread at the look before."""
    assert await Reading().looks((5, 9), (9, 20), (25, 31), (31, 33)) == {"stalled": (2, minute(3)), "behind": (2, minute(3))}


async def test_one_partition_that_stands_is_enough() -> None:
    """However fast the others are."""
    reading = Reading()
    for number in range(5):
        reading.broker.says = {
            ("replies.v1", 0): Position(committed=1, end=2),
            ("replies.v1", 1): Position(committed=number * 100, end=number * 100),
            ("receipts.v1", 0): Position(committed=7, end=7),
        }
        await reading.readers.look(minute(number))
    assert reading.readers.overdue(minute(5)) == [
        Overdue(what="stalled", where="receipts.v1", count=0, since=None),
        Overdue(what="behind", where="receipts.v1", count=0, since=None),
        Overdue(what="stalled", where="replies.v1", count=1, since=minute(0)),
        Overdue(what="behind", where="replies.v1", count=1, since=minute(0)),
    ]


async def test_caught_up_once_everything_begins_anew() -> None:
    """The next unread record has the whole time again."""
    assert await Reading().looks((5, 9), (9, 9), (9, 10)) == {"stalled": (1, minute(2)), "behind": (1, minute(2))}


async def test_a_broker_that_is_away_is_told_since_when() -> None:
    """Nobody can read meanwhile: back again, readers have the whole time."""
    reading = Reading()
    assert await reading.looks((5, 9), None, None) == {"kafka": (0, minute(1))}
    assert await reading.looks((5, 9)) == {"stalled": (4, minute(3)), "behind": (4, minute(3))}


def test_offsets_beyond_the_end_are_no_lag() -> None:
    """A topic that was made anew is shorter than what was acknowledged."""
    assert Position(committed=9, end=4).unread == 0
