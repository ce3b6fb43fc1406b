"""How a broker that does not let us in is told from one that is away: by what the client library says beside its answers."""

import re
from collections import deque
from typing import Final

from confluent_kafka import KafkaError

from services.adapters.kafka.connection import Refusal

#: the client's own words for an answer that never came: a broker that went away while it let us in has refused nothing
_NO_ANSWER: Final = "Local: "
#: the broker's address before the words, which we say ourselves, and a stop-watch behind them
_AROUND: Final = re.compile(r"^\S+/\w+: |\s\(after [^)]*\)$")
#: complaints kept between two questions; a broker that is away makes twenty a second
_KEPT: Final = 200


class Complaints:
    """What the client library complains of. Its answer is the same for a wrong password and for nobody there."""

    def __init__(self) -> None:
        self._heard: deque[KafkaError] = deque(maxlen=_KEPT)

    def hear(self, error: KafkaError) -> None:
        """The library's ``error_cb``."""
        self._heard.append(error)

    def forget(self) -> None:
        """Before a new question."""
        self._heard.clear()

    def refusal(self) -> tuple[Refusal, str] | None:
        """The last thing that a broker refused since the question, and its words; none when nobody answered."""
        for error in reversed(self._heard):
            judged = _judged(error)
            if judged is not None:
                return judged, _words(error)
        return None

    def why(self) -> str | None:
        """The last thing that went wrong, in the library's words; none when it said nothing of use."""
        said = (_words(error) for error in reversed(self._heard) if error.code() != KafkaError._ALL_BROKERS_DOWN)  # noqa: SLF001 - public
        return next(said, None)


def _judged(error: KafkaError) -> Refusal | None:
    code, words = error.code(), error.str()
    if code in (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED) and _NO_ANSWER not in words:  # noqa: SLF001 - public
        return Refusal.MECHANISM if "handshake failed" in words else Refusal.IDENTITY
    if code == KafkaError._SSL and "certificate" in words:  # noqa: SLF001 - public
        return Refusal.CERTIFICATE
    if code == KafkaError._SSL and "wrong version number" in words:  # noqa: SLF001 - public
        return Refusal.NOT_TLS
    return None


def _words(error: KafkaError) -> str:
    return _AROUND.sub("", error.str())
