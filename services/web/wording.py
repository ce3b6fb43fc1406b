"""Texts that never take a page down: one fact without its words must not hide everybody else's alerts."""

from dataclasses import dataclass

import structlog

from services.core.model import Alert, Fact
from services.core.ports.texts import Texts

_LOG = structlog.get_logger("web")


@dataclass(frozen=True, slots=True)
class Wording:
    """Facts and next actions in French; where the texts fail, the bare code, and a line in the log."""

    texts: Texts

    def fact(self, fact: Fact, zone: str) -> str:
        """See ``Texts.fact``."""
        try:
            return self.texts.fact(fact, zone)
        except Exception:  # noqa: BLE001  whatever is wrong with one text, the advisor still sees the alert
            _LOG.exception("fact without words", action="word_fact", reason=fact.code)
            return fact.code

    def next_action(self, alert: Alert, zone: str) -> str:
        """See ``Texts.next_action``."""
        try:
            return self.texts.next_action(alert, zone)
        except Exception:  # noqa: BLE001  see above
            _LOG.exception("action without words", action="word_action", reason=alert.next_action)
            return alert.next_action
