"""The rows of `make bench`: one file for each, one line here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.machine import Machine
from tests.benchmarks.measuring import Result
from tests.benchmarks.rows.deciding import deciding
from tests.benchmarks.rows.flood import flood
from tests.benchmarks.rows.growth import growth
from tests.benchmarks.rows.letters import letters
from tests.benchmarks.rows.live import live
from tests.benchmarks.rows.sending import sending
from tests.benchmarks.rows.waits import failure, quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question about speed."""

    what: str
    measure: Callable[[Machine], Awaitable[Result]]


#: name on the command line → row, in order of measuring
ROWS: Final[Mapping[str, Row]] = {
    "flood": Row(what="actualisations into planned obligations", measure=flood),
    "live": Row(what="meetings into planned obligations", measure=live),
    "decide": Row(what="decisions on one core", measure=deciding),
    "sending": Row(what="due people to an SMSC, against a task queue", measure=sending),
    "quiet": Row(what="one event to the SMSC on a quiet system", measure=quiet),
    "failure": Row(what="a hard failure to the next channel and to the alert", measure=failure),
    "letters": Row(what="letters against weasyprint", measure=letters),
    "growth": Row(what="ten times the people", measure=growth),
}
