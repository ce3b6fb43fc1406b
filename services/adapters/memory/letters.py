"""Dead letters out of the store in memory."""

from collections.abc import Sequence

from services.adapters.memory.store import MemoryStore
from services.core.ports.dead_letters import Sought
from services.core.ports.store import DeadLetter


class MemoryLetters:
    """Implements ``services.core.ports.dead_letters.Letters``."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def dead_letters(self, sought: Sought) -> Sequence[DeadLetter]:
        """See ``Letters.dead_letters``."""
        found = [letter for letter in self._store.committed.dead_letters.all() if _is(letter, sought)]
        ordered = sorted(sorted(found, key=lambda letter: letter.place), key=lambda letter: letter.at, reverse=True)
        return ordered[: sought.limit]


def _is(letter: DeadLetter, sought: Sought) -> bool:
    return (
        (sought.topic is None or letter.topic == sought.topic)
        and (sought.partition is None or letter.partition == sought.partition)
        and (sought.offset is None or letter.offset == sought.offset)
        and (sought.since is None or letter.at >= sought.since)
        and (sought.replayed is None or bool(letter.replays) is sought.replayed)
        and (sought.error is None or any(path == sought.error for path, _ in letter.errors))
    )
