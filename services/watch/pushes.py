"""E-mails staff what stands on their lists: critical alerts at once, the others at 08:00, crowded lists to the manager (§10.8, §10.13),
and to agencies whose people's SMS were lost near a closing day (§10.16).

Sent first, remembered afterwards: a crash in between sends the same e-mail once more, under the same Message-ID, and loses none.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from services.core.alerts.pushing import crowd_push, lost_push, pushes_due
from services.core.environment import Environment
from services.core.ports.mailbox import Mailbox, Push, PushList, Sent, StaffNote, StaffWords
from services.core.ports.store import Store
from services.core.surroundings import Snapshot, environment_at

#: how long an e-mail waits that its server did not take, and one that nobody takes at all
_AGAIN: Final = {Sent.LATER: timedelta(minutes=1), Sent.REFUSED: timedelta(hours=1)}


@dataclass(slots=True, kw_only=True)
class Pushed:
    """What a round did, for metrics and logs."""

    sent: dict[StaffNote, int] = field(default_factory=dict)
    later: int = 0
    refused: int = 0


@dataclass(slots=True, kw_only=True)
class Pushes:
    """What a round needs."""

    store: Store
    waiting: PushList
    mailbox: Mailbox
    words: StaffWords
    snapshot: Snapshot
    #: address of the staff's pages
    staff_url: str
    _not_before: dict[str, datetime] = field(default_factory=dict)
    _looked_for_lost: datetime | None = None

    async def push_round(self, now: datetime) -> Pushed:
        """Send everything that is due. Raises ``StoreUnavailable``; can be done again."""
        done = Pushed()
        env = await self._environment(now)
        self._not_before = {key: at for key, at in self._not_before.items() if at > now}
        for push in pushes_due(await self.waiting.unpushed(), env, now):
            if await self._send(push, now, done):
                await self.waiting.pushed([line.alert for line in push.lines], now)
        for crowd in await self.waiting.crowded(env.policy.alerts.budget, now):
            word = crowd_push(crowd, env, now)
            if word is not None and await self._send(word, now, done):
                await self.waiting.crowd_told(crowd.advisor_id, now)
        if self._looked_for_lost is None or now - self._looked_for_lost >= env.policy.watch.receipts_low.window:
            # counting who was reached reads many rows on a bad day
            self._looked_for_lost = now
            await self._tell_agencies(env, now, done)
        return done

    async def _tell_agencies(self, env: Environment, now: datetime, done: Pushed) -> None:
        for lost in await self.waiting.lost(now):
            word = lost_push(lost, env, now)
            if word is not None and await self._send(word, now, done):
                await self.waiting.lost_told(lost.agency_id, now)

    async def _send(self, push: Push, now: datetime, done: Pushed) -> bool:
        """To the first address that is not refused for good."""
        if push.key in self._not_before:
            return False
        sent = Sent.REFUSED
        for to in push.to:
            sent = await self.mailbox.send(self.words.staff_mail(push, to, self._link(push)))
            if sent is not Sent.REFUSED:
                break
        if sent is Sent.TAKEN:
            done.sent[push.note] = done.sent.get(push.note, 0) + 1
            return True
        self._not_before[push.key] = now + _AGAIN[sent]
        done.later += sent is Sent.LATER
        done.refused += sent is Sent.REFUSED
        return False

    async def _environment(self, now: datetime) -> Environment:
        async with self.store.unit() as unit:
            return await environment_at(unit, self.snapshot, now)

    def _link(self, push: Push) -> str:
        return f"{self.staff_url}/advisor/{push.advisor_id}" if push.advisor_id else f"{self.staff_url}/advisor"
