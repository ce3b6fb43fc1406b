"""How many unreadable records a reader puts up with: above a share it stops, instead of draining a topic into dead letters."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from services.core.events import Event, Problem
from services.runtime.errors import Gone

#: records that count; the share is one of these
WINDOW: Final = 100


class TooManyDeadLetters(Gone):
    """Most likely not these records are wrong, but what we expect of them; reading on would only bury them all."""

    def __init__(self, unreadable: int, window: int, topic: str, share: float) -> None:
        super().__init__(
            f"{unreadable} of the last {window} records could not be read, the last one on {topic}; nothing of this batch was stored or "
            f"acknowledged. Correct who publishes them (see dead-letters.v1), or raise DEAD_LETTER_SHARE (now {share:g}) to let them pass"
        )


@dataclass(slots=True, kw_only=True)
class LimitedDecode:
    """A decoder that raises ``TooManyDeadLetters`` when more than ``share`` of the last ``WINDOW`` records could not be read.

    It raises before the step has written anything, so that a restart reads the same batch again and nothing is drained.
    """

    decode: Callable[[str, bytes | None, str | None], Event | list[Problem]]
    share: float
    #: told of each unreadable record's topic
    unreadable: Callable[[str], None]
    _last: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def __call__(self, topic: str, value: bytes | None, key: str | None) -> Event | list[Problem]:
        """As the decoder; raises ``TooManyDeadLetters``."""
        decoded = self.decode(topic, value, key)
        bad = isinstance(decoded, list)
        self._last.append(bad)
        if bad:
            self.unreadable(topic)
            count = sum(self._last)
            if count > self.share * WINDOW:
                raise TooManyDeadLetters(count, WINDOW, topic, self.share)
        return decoded
