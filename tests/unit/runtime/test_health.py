"""Health: what is missing, as sentences."""

import asyncio
from datetime import timedelta

import pytest

from services.runtime.health import Health, Missing, Pulse


async def _fine() -> str | None:
    return None


async def _away() -> str | None:
    return "the database does not answer"


async def _broken() -> str | None:
    raise OSError("connect to 10.1.2.3 as postgres failed")


async def _hanging() -> str | None:
    await asyncio.Event().wait()
    return None


async def test_ready_names_everything_that_is_missing() -> None:
    """All checks are asked; what does not hold is listed with its sentence, in order."""
    health = Health()
    health.ready_when("kafka", _fine)
    health.ready_when("database", _away)
    health.ready_when("providers", _broken)
    assert await health.ready() == [
        Missing(check="database", problem="the database does not answer"),
        Missing(check="providers", problem="could not be checked (OSError)"),
    ]
    assert await health.alive() == []


async def test_a_check_that_hangs_is_an_answer_too() -> None:
    """A probe is answered before whoever asks gives up."""
    health = Health(patience=timedelta(milliseconds=5))
    health.ready_when("database", _hanging)
    (missing,) = await health.ready()
    assert "did not answer" in missing.problem


async def test_what_is_not_alive_is_not_ready() -> None:
    """A standing loop is reason to be started again, and to get no work meanwhile."""
    health = Health()
    health.alive_when("loop", _away)
    assert await health.alive() == await health.ready() != []


async def test_a_name_is_used_once() -> None:
    """A second check of the same name would hide the first."""
    health = Health()
    health.ready_when("kafka", _fine)
    with pytest.raises(ValueError, match="kafka"):
        health.alive_when("kafka", _fine)


async def test_a_pulse_notices_a_loop_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the limit nothing is said; beyond it, since when."""
    loop = asyncio.get_running_loop()
    now = 100.0
    monkeypatch.setattr(loop, "time", lambda: now)
    pulse = Pulse(timedelta(seconds=30))
    now = 130.0
    assert await pulse.check() is None
    now = 131.0
    assert await pulse.check() == "its loop has stood still for 31 s (allowed: 30 s)"
    pulse.beat()
    assert await pulse.check() is None
    monkeypatch.undo()
