"""Dead letters published again through the front door: the same bytes with the same key onto the same topic, marked once Kafka has them.

Harmless to repeat: what was understood the first time is known by its source and id. What cannot be read again becomes a new dead letter
that names this one.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.core.dead_letters import REPLAY_OF
from services.core.ports.clock import Clock
from services.core.ports.dead_letters import Original, Originals
from services.core.ports.store import DeadLetter, LetterPlace, Replay, Store
from services.core.ports.streams import Message, NotPublished, Publisher

#: letters of one transaction
_AT_ONCE: Final = 1000
#: characters of a name, of a reason
LONGEST: Final = 200
#: what our records have, when the copy kept none
_HEADERS: Final = {"content-type": "application/cloudevents+json; charset=UTF-8"}


class Outcome(StrEnum):
    """What became of one letter."""

    REPLAYED = "replayed"
    #: it was replayed before, and nobody said "again"
    ALREADY = "already"
    #: Kafka keeps neither the record nor a copy of it any more
    REMOVED = "removed"
    #: there is no such letter
    UNKNOWN = "unknown"
    #: the broker did not confirm it: it may have it or not
    NOT_CONFIRMED = "not_confirmed"


@dataclass(slots=True)
class Replayed:
    """What became of each letter."""

    outcomes: dict[LetterPlace, Outcome] = field(default_factory=dict)

    def count(self, outcome: Outcome) -> int:
        """How many of them."""
        return sum(1 for each in self.outcomes.values() if each is outcome)

    @property
    def all_done(self) -> bool:
        """Every letter was published again, now or before."""
        return all(each in (Outcome.REPLAYED, Outcome.ALREADY) for each in self.outcomes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayer:
    """What a replay needs; ``told`` hears how many were published, by topic."""

    store: Store
    originals: Originals
    publisher: Publisher
    clock: Clock
    told: Callable[[str, int], None] = lambda _topic, _count: None

    async def replay(
        self,
        places: Sequence[LetterPlace],
        *,
        by: str,
        reason: str,
        again: bool = False,
        advanced: Callable[[int], None] = lambda _letters: None,
    ) -> Replayed:
        """Publish these again; ``by`` and ``reason`` stay with each of them.

        Raises ``ValueError`` without a name or a reason, ``StoreUnavailable`` and ``ConnectionError``: what was done until then is done.
        """
        if not 0 < len(by.strip()) <= LONGEST or not 0 < len(reason.strip()) <= LONGEST:
            raise ValueError(f"who replays and why are needed, each in at most {LONGEST} characters")
        replay, done = Replay(at=self.clock.now(), by=by.strip(), reason=reason.strip()), Replayed()
        unique = list(dict.fromkeys(places))
        for start in range(0, len(unique), _AT_ONCE):
            some = unique[start : start + _AT_ONCE]
            done.outcomes |= await self._some(some, replay, again=again)
            advanced(len(some))
        return done

    async def _some(self, places: Sequence[LetterPlace], replay: Replay, *, again: bool) -> dict[LetterPlace, Outcome]:
        outcomes = dict.fromkeys(places, Outcome.UNKNOWN)
        async with self.store.unit() as unit:
            held = await unit.hold_dead_letters(places)
            outcomes |= {letter.place: Outcome.ALREADY for letter in held}
            wanted = [letter for letter in held if again or not letter.replays]
            originals = await self.originals.originals(wanted)
            outcomes |= {letter.place: Outcome.REMOVED for letter in wanted if letter.place not in originals}
            there = [letter for letter in wanted if letter.place in originals]
            refused = await self._publish([_message(letter, originals[letter.place]) for letter in there])
            for number, letter in enumerate(there):
                outcomes[letter.place] = Outcome.NOT_CONFIRMED if number in refused else Outcome.REPLAYED
            published = [letter for letter in there if outcomes[letter.place] is Outcome.REPLAYED]
            await unit.mark_replayed([letter.place for letter in published], replay)
        for topic, count in Counter(letter.topic for letter in published).items():
            self.told(topic, count)
        return outcomes

    async def _publish(self, messages: Sequence[Message]) -> frozenset[int]:
        """Numbers of those that the broker has not confirmed."""
        try:
            await self.publisher.publish(messages)
        except NotPublished as problem:
            return frozenset(problem.indexes)
        return frozenset()


def _message(letter: DeadLetter, original: Original) -> Message:
    headers = {**(original.headers or _HEADERS), REPLAY_OF: letter.letter_id}
    return Message(topic=letter.topic, key=original.key, value=original.value, headers=headers)
