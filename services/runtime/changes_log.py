"""What a committed unit changed, as log lines: obligation and attempt identifiers run through the logs of every process."""

import structlog

from services.core.changes import Changes
from services.core.model import Attempt, Obligation

_log = structlog.get_logger()


def log_changes(changes: Changes) -> None:
    """One line for each fact; identifiers and bounded words only, never what was written or where."""
    for obligation in changes.obligations:
        _obligation(obligation)
    for cleaned in changes.cleaned:
        _log.warning("control characters removed", person_id=cleaned.person_id, count=cleaned.count)
    for attempt in changes.attempts:
        _attempt(attempt)
    for receipt in changes.receipts:
        _log.info(
            "receipt",
            attempt_id=receipt.attempt_id,
            provider=receipt.provider,
            status=str(receipt.status),
            carrier=receipt.carrier,
            effect=str(receipt.effect),
        )
    for reply in changes.replies:
        _log.info(
            "reply",
            attempt_id=reply.attempt_id,
            obligation_id=reply.obligation_id,
            channel=str(reply.channel),
            choice=str(reply.choice),
            effect=str(reply.effect),
        )
    for alert in changes.alerts:
        _log.info(
            "alert",
            alert_id=alert.alert_id,
            alert_type=str(alert.type),
            severity=str(alert.severity),
            person_id=alert.person_id,
            obligation_id=alert.obligation_id,
            routed=str(alert.routed),
            until=alert.act_by,
            state="closed" if alert.closed_at is not None else "open",
        )


def _obligation(obligation: Obligation) -> None:
    # version 0 is a plain opening: millions on one day, and nobody outside hears of them either
    log = _log.info if obligation.version else _log.debug
    log(
        "obligation",
        obligation_id=obligation.obligation_id,
        person_id=obligation.person_id,
        kind=str(obligation.kind),
        revision=obligation.revision,
        state=str(obligation.state),
        evidence=str(obligation.evidence),
        next_at=obligation.next_at,
    )


def _attempt(attempt: Attempt) -> None:
    _log.info(
        "attempt",
        attempt_id=attempt.attempt_id,
        person_id=attempt.person_id,
        obligation_id=[item.obligation_id for item in attempt.items],
        step=str(attempt.items[0].step) if attempt.items else None,
        channel=str(attempt.channel),
        provider=attempt.provider,
        state=str(attempt.state),
        tries=attempt.tries,
        reason=str(attempt.reason) if attempt.reason else None,
    )
