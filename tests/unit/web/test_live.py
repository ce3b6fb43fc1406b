"""Live pages: one "changed" for a burst of changes."""

import asyncio

from services.web.live import Live
from tests.unit.web.doubles import SetPulse


async def test_a_change_is_told() -> None:
    """A beat of the pulse becomes one event."""
    pulse = SetPulse()
    changes = Live(pulse=pulse, settle=0, at_least=60).changes()
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    pulse.event.set()
    assert (await waiting).event == "changed"
    await changes.aclose()  # type: ignore[attr-defined]


async def test_time_moves_by_itself() -> None:
    """Without any change the page is refreshed now and then, because time left shrinks."""
    changes = Live(pulse=SetPulse(), settle=0, at_least=0.001).changes()
    assert (await anext(changes)).event == "changed"
    await changes.aclose()  # type: ignore[attr-defined]
