"""The one alarm that the border raises by itself: a storm of forged callbacks (rules §12 SC-54)."""

from datetime import datetime

from services.core.changes import Outgoing
from services.core.ports.clock import Clock
from services.web.ports import Outlet


async def raise_forged(outlet: Outlet, clock: Clock, provider: str, count: int, since: datetime) -> None:
    """Onto ``alarms.v1``, once per storm; raises ``NotPublished``."""
    data = {"type": "FORGED_CALLBACKS", "scope": provider, "figures": {"refused": count}, "since": since.isoformat()}
    alarm = Outgoing(
        topic="alarms.v1",
        key="FORGED_CALLBACKS",
        type="alarm.raised",
        subject=provider,
        data=data,
        shard_key="FORGED_CALLBACKS",
        at=clock.now(),
    )
    await outlet.publish(f"forged-{provider}-{since.timestamp():.0f}", alarm)
