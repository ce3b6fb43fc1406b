"""What an advisor did, carried into the facts: claimed, called, settled, actualised on the telephone, contact corrected (§10.8, §10.13)."""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b

from services.core.changes import Outgoing
from services.core.evidence.receipts import attempts_of
from services.core.ledger import Ledger
from services.core.model import Alert, AlertId, Case, Obligation, ObligationId, PersonId
from services.core.ports.store import Staff, Store
from services.core.ports.texts import Texts
from services.core.states import SETTLED, Happened
from services.core.words import AlertType, Evidence, Kind
from services.web.ports import DeskAction, DeskResult, Outlet

_PARIS = "Europe/Paris"
#: what the person asked for is done once somebody spoke to them
_ASKED = frozenset({AlertType.CALLBACK_REQUESTED, AlertType.CANNOT_COME})
_CONTACT = frozenset({AlertType.CONTACT_DEAD, AlertType.CONTACT_SUSPECT, AlertType.WRONG_PERSON, AlertType.NO_CHANNEL})


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsDesk:
    """Implements ``services.web.ports.Desk`` over the store; what belongs to a feed goes through Kafka's front door."""

    store: Store
    outlet: Outlet
    texts: Texts

    async def act(
        self,
        *,
        advisor_id: str,
        person_id: PersonId,
        action: DeskAction,
        alert_id: AlertId | None,
        obligation_id: ObligationId | None,
        at: datetime,
    ) -> DeskResult:
        """Do it at once, in one transaction; repeating is harmless. Raises ``StoreUnavailable`` and ``NotPublished``."""
        ledger = Ledger(at)
        async with self.store.unit() as unit:
            case = (await unit.lock([person_id]))[person_id]
            staff = await unit.staff()
            if not follows(advisor_id, case, staff, obligation_id):
                ledger.line("access_denied", advisor=advisor_id, person=person_id, reason="not_followed")
                await unit.write(ledger.changes)
                return DeskResult.DENIED
            obligation = _obligation(case, obligation_id, alert_id)
            result = self._apply(ledger, case, advisor_id, action, alert_id, obligation)
            await unit.write(ledger.changes)
        if result is DeskResult.DONE and action is DeskAction.ACTUALISED_BY_PHONE and obligation is not None:
            await self._completed(obligation, at)
        return result

    def _apply(
        self, ledger: Ledger, case: Case, advisor_id: str, action: DeskAction, alert_id: AlertId | None, obligation: Obligation | None
    ) -> DeskResult:
        alerts = [alert for alert in case.alerts if alert.closed_at is None and _concerns(alert, alert_id, obligation)]
        if action is DeskAction.CLAIM:
            return self._claim(ledger, alerts, advisor_id)
        if action is DeskAction.CONTACT_FIXED:
            return self._close(ledger, [alert for alert in alerts if alert.type in _CONTACT], "contact_fixed")
        if obligation is None or (obligation.state in SETTLED and not alerts):
            return DeskResult.GONE
        if action is DeskAction.ACTUALISED_BY_PHONE:
            return DeskResult.DONE if obligation.kind is Kind.ACTUALISATION else DeskResult.GONE
        if action is DeskAction.CALLED:
            after = ledger.proved(obligation, Evidence.E4, "phone", ledger.now)
            if after is not obligation:
                ledger.obligation(obligation, after, attempts=attempts_of(case, obligation))
            asked = [alert for alert in alerts if alert.type in _ASKED]
            self._close(ledger, asked, "called")
            self._claim(ledger, [alert for alert in alerts if alert not in asked], advisor_id)
        else:
            after = ledger.moved(obligation, Happened.HANDLED)
            if after is not obligation:
                ledger.obligation(obligation, after, attempts=attempts_of(case, obligation))
            self._close(ledger, alerts, "handled")
        ledger.wake(case.person_id)
        return DeskResult.DONE

    def _claim(self, ledger: Ledger, alerts: list[Alert], advisor_id: str) -> DeskResult:
        if not alerts:
            return DeskResult.GONE
        free = [alert for alert in alerts if alert.claimed_by is None]
        if not free:
            return DeskResult.DONE if all(alert.claimed_by == advisor_id for alert in alerts) else DeskResult.TAKEN
        for alert in free:
            self._tell(ledger, replace(alert, claimed_by=advisor_id, claimed_at=ledger.now, updated_at=ledger.now), "alert.updated")
        return DeskResult.DONE

    def _close(self, ledger: Ledger, alerts: list[Alert], reason: str) -> DeskResult:
        for alert in alerts:
            self._tell(ledger, replace(alert, closed_at=ledger.now, close_reason=reason, updated_at=ledger.now), "alert.closed")
            ledger.line("alert_closed", type=str(alert.type), person=alert.person_id, obligation=alert.obligation_id, reason=reason)
        return DeskResult.DONE if alerts else DeskResult.GONE

    def _tell(self, ledger: Ledger, alert: Alert, type_: str) -> None:
        known = [self.texts.fact(fact, _PARIS) for fact in alert.known]
        ledger.alert(alert, type_, known, self.texts.next_action(alert, _PARIS))

    async def _completed(self, obligation: Obligation, at: datetime) -> None:
        """The actualisation's own feed says that it is done: through the front door, as from every other source."""
        digest = blake2b(f"{obligation.obligation_id}|advisor".encode(), digest_size=12).hexdigest()
        data = {"person_id": obligation.person_id, "period": obligation.period, "at": at.isoformat(), "by": "advisor"}
        await self.outlet.publish(
            f"desk-{digest}",
            Outgoing(
                topic="actualisations.v1",
                key=obligation.person_id,
                type="actualisation.completed",
                subject=obligation.obligation_id,
                data=data,
                shard_key=obligation.person_id,
                at=at,
            ),
        )


def follows(advisor_id: str, case: Case, staff: Staff, obligation_id: str | None = None) -> bool:
    """May this advisor act on this person? Referent, back-up, the referent's back-up, the meeting's own advisor, the agency's staff.

    Deny by default (§8.4): a member of staff who is unknown or inactive follows nobody.
    """
    advisor = staff.advisors.get(advisor_id)
    if case.person is None or advisor is None or not advisor.active:
        return False
    referent = staff.advisors.get(case.person.referent_id)
    named = {case.person.referent_id, case.person.backup_id, referent.backup_id if referent else None}
    named |= {row.advisor_id for row in case.obligations if row.obligation_id == obligation_id}
    named |= {alert.advisor_id for alert in case.alerts if alert.closed_at is None}
    return advisor_id in named or advisor.agency_id == case.person.agency_id


def _concerns(alert: Alert, alert_id: AlertId | None, obligation: Obligation | None) -> bool:
    if alert_id is not None:
        return alert.alert_id == alert_id
    return obligation is not None and alert.obligation_id == obligation.obligation_id


def _obligation(case: Case, obligation_id: str | None, alert_id: AlertId | None) -> Obligation | None:
    if obligation_id is None and alert_id is not None:
        obligation_id = next((alert.obligation_id for alert in case.alerts if alert.alert_id == alert_id), None)
    return next((row for row in case.obligations if row.obligation_id == obligation_id), None)
