"""The proof of reception as one document, fixed when its verdict was given: canonical JSON, and the hash that names it (§2.3, SC-48)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from services.core.model import Alert, Attempt, Case, Fact, Obligation, ObligationId, PersonId, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One entry of the ledger of proofs: written once, never edited."""

    obligation_id: ObligationId
    person_id: PersonId
    at: datetime
    #: canonical JSON
    document: str
    #: SHA-256 of the document in UTF-8, as hexadecimal digits
    digest: str


def proof_of(case: Case, obligation: Obligation, facts: Iterable[Fact], text: Iterable[str], at: datetime) -> Proof:
    """What is known about this duty at the instant of its verdict. Identifiers only: no name, no number, no words of a message."""
    document = canonical(
        {
            "obligation_id": obligation.obligation_id,
            "kind": str(obligation.kind),
            "person_id": obligation.person_id,
            "revision": obligation.revision,
            "known_at": _instant(obligation.known_at),
            "due_at": _instant(obligation.due_at),
            "state": str(obligation.state),
            "verdict": str(obligation.verdict) if obligation.verdict else None,
            "non_receipt": obligation.non_receipt,
            "evidence": str(obligation.evidence),
            "evidence_how": obligation.evidence_how,
            "evidence_at": _instant(obligation.evidence_at),
            "declined_at": _instant(obligation.declined_at),
            "outage_at": _instant(obligation.outage_at),
            "decided_at": _instant(at),
            "facts": [{"code": fact.code, "parameters": dict(fact.parameters)} for fact in facts],
            "text": list(text),
            "messages": [_message(row) for row in case.attempts if _about(row, obligation)],
            "replies": [_reply(row) for row in case.replies if row.obligation_id == obligation.obligation_id],
            "alerts": [_alert(row) for row in case.alerts if row.obligation_id == obligation.obligation_id],
        }
    )
    return Proof(
        obligation_id=obligation.obligation_id, person_id=obligation.person_id, at=at, document=document, digest=digest_of(document)
    )


def canonical(document: Mapping[str, object]) -> str:
    """The one way to write it down: keys in order, no blanks (as RFC 8785 for what stands in it: no numbers but whole ones)."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(document: str) -> str:
    """SHA-256 over UTF-8, as hexadecimal digits."""
    return sha256(document.encode()).hexdigest()


def _about(row: Attempt, obligation: Obligation) -> bool:
    return any(item.obligation_id == obligation.obligation_id for item in row.items)


def _message(row: Attempt) -> dict[str, object]:
    return {
        "attempt_id": row.attempt_id,
        "channel": str(row.channel),
        "items": [
            {"obligation_id": item.obligation_id, "revision": item.revision, "step": str(item.step), "occurrence": item.occurrence}
            for item in row.items
        ],
        "state": str(row.state),
        "reason": str(row.reason) if row.reason else None,
        "cause": row.cause,
        "provider": row.provider,
        "tries": row.tries,
        "released_at": _instant(row.release_at),
        "sent_at": _instant(row.submitted_at),
        "accepted_at": _instant(row.accepted_at),
        "delivered_at": _instant(row.delivered_at),
        "last_status": str(row.last_status) if row.last_status else None,
    }


def _reply(row: Reply) -> dict[str, object]:
    return {
        "channel": str(row.channel),
        "choice": str(row.choice),
        "identity": str(row.identity),
        "answered_by": str(row.answered_by),
        "revision": row.revision,
        "effect": str(row.effect),
        "at": _instant(row.at),
    }


def _alert(row: Alert) -> dict[str, object]:
    return {
        "type": str(row.type),
        "severity": str(row.severity),
        "raised_at": _instant(row.raised_at),
        "claimed_at": _instant(row.claimed_at),
        "closed_at": _instant(row.closed_at),
        "close_reason": row.close_reason,
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
