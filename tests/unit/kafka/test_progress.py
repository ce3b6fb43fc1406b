"""Which offset may be committed, what is still unread, and which partition a key belongs to."""

from aiokafka.partitioner import murmur2 as theirs  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.kafka.partitioner import murmur2, partition_of
from services.adapters.kafka.progress import InFlight, StreamProgress, unread

HERE = ("topic", 0)
THERE = ("topic", 1)


@given(st.binary(max_size=64))
def test_keys_go_where_javas_client_sends_them(key: bytes) -> None:
    """Our hash is the one of the Java client, for every key."""
    assert murmur2(key) == theirs(key) & 0xFFFFFFFF
    assert 0 <= partition_of(key, 12) < 12


@given(st.permutations(range(8)))
def test_an_offset_is_let_go_only_without_a_hole_before_it(order: list[int]) -> None:
    """Whatever the order of acknowledgement, what is let go is always the longest run without a hole, once each, in order."""
    flight = InFlight[int]()
    for offset in range(8):
        flight.give(HERE, offset, offset * 10)
    done: set[int] = set()
    came_back: list[int] = []
    for offset in order:
        assert flight.acknowledge(HERE, offset)
        done.add(offset)
        commit, carried = flight.let_go(HERE)
        came_back += carried
        run = next((each for each in range(9) if each not in done), 9)
        assert came_back == [each * 10 for each in range(run)]
        assert commit is None or commit == run
    assert len(flight) == 0


def test_offsets_that_the_topic_does_not_have_are_no_holes() -> None:
    """Compaction leaves out offsets: only records that were given count."""
    flight = InFlight[None]()
    for offset in (3, 7, 20):
        flight.give(HERE, offset, None)
        flight.acknowledge(HERE, offset)
    assert flight.let_go(HERE) == (21, [None, None, None])


def test_what_went_elsewhere_is_not_ours_to_acknowledge() -> None:
    """After a partition was taken away, or twice, an acknowledgement changes nothing."""
    flight = InFlight[None]()
    flight.give(HERE, 5, None)
    flight.give(THERE, 5, None)
    flight.forget([HERE])
    assert not flight.acknowledge(HERE, 5)
    assert flight.acknowledge(THERE, 5)
    assert not flight.acknowledge(THERE, 5)
    assert flight.open_in([HERE, THERE]) == 0
    assert flight.let_go(HERE) == (None, [])


def test_unread_counts_what_the_group_has_not_acknowledged() -> None:
    """Published ends minus acknowledged positions, over the topics asked for."""
    stream = StreamProgress(positions={("a", 0): 4})
    ends = {("a", 0): 6, ("a", 1): 1, ("b", 0): 9}
    assert unread(ends, stream, ["a"]) == 3
    stream.positions.update({("a", 0): 6, ("a", 1): 1})
    assert unread(ends, stream, ["a"]) == 0
