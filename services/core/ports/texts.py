"""Words as the steps see them: codes in, French out."""

from typing import Protocol

from services.core.content import Content, Notice
from services.core.model import Alert, Fact


class Texts(Protocol):
    """The templates."""

    def notice(self, notice: Notice) -> Content:
        """The message in French; raises ``Unrenderable``."""
        ...

    def fact(self, fact: Fact, zone: str) -> str:
        """A known fact as one short French sentence, for an advisor; instants are worded in ``zone``."""
        ...

    def next_action(self, alert: Alert, zone: str) -> str:
        """What the advisor should do, by when, as one French sentence."""
        ...
