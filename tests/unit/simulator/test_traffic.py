"""What is under way between the steps of a play, as its conductor counts it."""

from services.adapters.kafka.progress import Partition, StreamProgress
from services.simulator.app.traffic import Traffic


def test_unread_is_what_was_published_and_not_acknowledged_by_the_newest_reader() -> None:
    """Counted in offsets, by the names that the steps know; a topic that nobody reads does not count."""
    ends: dict[Partition, int] = {("play.a", 0): 3, ("play.a", 1): 2, ("play.b", 0): 1, ("play.nobody", 0): 7}
    traffic = Traffic(ends=ends, prefix="play.")
    dead, reader = StreamProgress(), StreamProgress()
    traffic.joined(frozenset({"play.a", "play.b"}), dead)
    traffic.joined(frozenset({"play.a", "play.b"}), reader)
    dead.positions["play.a", 0] = reader.positions["play.a", 1] = 2
    assert traffic.unread(["a", "nobody"]) == {"a": 3}
    reader.positions["play.a", 0] = 3
    assert traffic.unread(["a", "b"]) == {"b": 1}


def test_moves_grow_with_whatever_gets_on() -> None:
    """A confirmed message, an acknowledged one, a request that was answered; a request that has only begun is no progress."""
    ends: dict[Partition, int] = {}
    traffic, reader = Traffic(ends=ends), StreamProgress()
    traffic.joined(frozenset({"a"}), reader)
    seen = [traffic.moves()]
    ends["a", 0] = 1
    seen.append(traffic.moves())
    reader.acknowledged["a"] += 1
    seen.append(traffic.moves())
    with traffic.request():
        assert traffic.moves() == seen[-1]
    seen.append(traffic.moves())
    assert seen == sorted(set(seen))
