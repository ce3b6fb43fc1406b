"""Texts that say codes: for previews of which nobody reads the words, so that no template is rendered."""

from functools import partial

from services.core.content import Content, Notice, Unrenderable
from services.core.model import Alert, Fact
from services.planner.record import record


class Wordless:
    """Implements ``services.core.ports.texts.Texts`` without a template."""

    def notice(self, notice: Notice) -> Content:
        """There are none."""
        raise Unrenderable("wordless")

    def fact(self, fact: Fact, zone: str) -> str:
        """The code."""
        return fact.code

    def next_action(self, alert: Alert, zone: str) -> str:
        """The code."""
        return alert.next_action


#: the planner's own function, without words
RECORD = partial(record, texts=Wordless())
