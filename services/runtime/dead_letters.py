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

    def __init__(self, unreadable: int, topic: str, problem: Problem, share: float) -> None:
        # a problem names a path and never quotes a value
        super().__init__(
            f"{unreadable} of the last {WINDOW} records could not be read, the last one on {topic} ({problem.path}: {problem.message}); "
            f"nothing of this batch was stored or acknowledged. Correct who publishes them, "
            f"or raise DEAD_LETTER_SHARE (now {share:g}) to bury them as dead letters"
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
        self._last.append(isinstance(decoded, list))
        if isinstance(decoded, list):
            self.unreadable(topic)
            count = sum(self._last)
            if count > self.share * WINDOW:
                raise TooManyDeadLetters(count, topic, decoded[0], self.share)
        return decoded
