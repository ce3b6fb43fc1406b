"""The proof of reception, whole: every key of the document, of identifiers only, and the hash that names it (§2.3, SC-48)."""

import json
from datetime import timedelta
from typing import Any

from services.core.model import Alert, AlertId, Fact, Item, ObligationId, Reply
from services.core.proof import Proof, canonical, digest_of, proof_of
from services.core.words import (
    AlertType,
    AnsweredBy,
    AttemptState,
    Channel,
    Choice,
    Evidence,
    Identity,
    ObligationState,
    ReceiptStatus,
    ReplyChannel,
    ReplyEffect,
    Routed,
    Severity,
    Step,
    Verdict,
    Why,
)
from tests.unit.core.scene import LEILA, NOW, attempt, case, meeting, person, reply

H = timedelta(hours=1)
_DUTY = meeting(
    revision=2,
    state=ObligationState.MISSED,
    verdict=Verdict.SERVICE_AT_FAULT,
    non_receipt=True,
    evidence=Evidence.E2,
    evidence_how="delivered",
    evidence_at=NOW + 1 * H,
    declined_at=NOW + 2 * H,
    outage_at=NOW + 3 * H,
)


def _at(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).isoformat()


def _document(proof: Proof) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(proof.document)
    return found


def _alert(alert_id: str, obligation_id: str | None, **changed: Any) -> Alert:
    row = {"severity": Severity.HIGH, "agency_id": "agence", "routed": Routed.REFERENT, "next_action": "call", "act_by": NOW, **changed}
    about = None if obligation_id is None else ObligationId(obligation_id)
    return Alert(alert_id=AlertId(alert_id), type=AlertType.UNCONFIRMED, person_id=LEILA, obligation_id=about, updated_at=NOW, **row)


def test_every_key_of_the_document() -> None:
    """The duty and its verdict, the facts with their words, every message, answer and alert about it: nothing of another duty."""
    other = meeting("cv:2")
    said = reply(
        "y1",
        Choice.COME,
        ReplyChannel.LINK,
        identity=Identity.LINK,
        answered_by=AnsweredBy.HELPER,
        obligation_id=_DUTY.obligation_id,
        revision=2,
        effect=ReplyEffect.ACKNOWLEDGED,
        at=NOW + 5 * H,
    )
    bundle = (
        Item(obligation_id=ObligationId("cv:2"), revision=1, step=Step.N0),
        Item(obligation_id=ObligationId("cv:1"), revision=2, step=Step.F, occurrence=3),
    )
    delivered = attempt(
        about=_DUTY,
        items=bundle,
        state=AttemptState.DELIVERED,
        cause="silence",
        tries=2,
        release_at=NOW,
        submitted_at=NOW + 1 * H,
        accepted_at=NOW + 2 * H,
        delivered_at=NOW + 3 * H,
        last_status=ReceiptStatus.DELIVERED,
    )
    skipped = attempt(
        "a2",
        about=_DUTY,
        step=Step.R3,
        channel=Channel.VOICE,
        state=AttemptState.SKIPPED,
        reason=Why.TOO_LATE,
        cause="step",
        provider=None,
        tries=0,
        submitted_at=None,
        accepted_at=None,
    )
    of = case(
        _DUTY,
        other,
        attempts=(delivered, skipped, attempt("a3", about=other)),
        replies=(said, reply("y2", Choice.COME, obligation_id=other.obligation_id)),
        alerts=(
            _alert("al:1", "cv:1", raised_at=NOW, claimed_at=NOW + 1 * H, closed_at=NOW + 2 * H, close_reason="handled"),
            _alert("al:2", "cv:2", raised_at=NOW),
        ),
    )
    facts = (Fact(code="outage", parameters={"at": _at(3)}), Fact(code="nothing_sent"))
    proof = proof_of(of, _DUTY, facts, iter(["Panne", "Rien"]), NOW + 9 * H)
    assert _document(proof) == {
        "obligation_id": "cv:1",
        "kind": "convocation",
        "person_id": "leila",
        "revision": 2,
        "known_at": _at(0),
        "due_at": "2026-12-01T09:30:00+00:00",
        "state": "missed",
        "verdict": "service_at_fault",
        "non_receipt": True,
        "evidence": "E2",
        "evidence_how": "delivered",
        "evidence_at": _at(1),
        "declined_at": _at(2),
        "outage_at": _at(3),
        "decided_at": _at(9),
        "facts": [{"code": "outage", "parameters": {"at": _at(3)}}, {"code": "nothing_sent", "parameters": {}}],
        "text": ["Panne", "Rien"],
        "messages": [
            {
                "attempt_id": "a1",
                "channel": "sms",
                "items": [
                    {"obligation_id": "cv:2", "revision": 1, "step": "N0", "occurrence": 1},
                    {"obligation_id": "cv:1", "revision": 2, "step": "F", "occurrence": 3},
                ],
                "state": "delivered",
                "reason": None,
                "cause": "silence",
                "provider": "a",
                "tries": 2,
                "released_at": _at(0),
                "sent_at": _at(1),
                "accepted_at": _at(2),
                "delivered_at": _at(3),
                "last_status": "delivered",
            },
            {
                "attempt_id": "a2",
                "channel": "voice",
                "items": [{"obligation_id": "cv:1", "revision": 2, "step": "R3", "occurrence": 1}],
                "state": "skipped",
                "reason": "too_late",
                "cause": "step",
                "provider": None,
                "tries": 0,
                "released_at": _at(0),
                "sent_at": None,
                "accepted_at": None,
                "delivered_at": None,
                "last_status": None,
            },
        ],
        "replies": [
            {
                "channel": "link",
                "choice": "come",
                "identity": "link",
                "answered_by": "helper",
                "revision": 2,
                "effect": "acknowledged",
                "at": _at(5),
            }
        ],
        "alerts": [
            {
                "type": "UNCONFIRMED",
                "severity": "high",
                "raised_at": _at(0),
                "claimed_at": _at(1),
                "closed_at": _at(2),
                "close_reason": "handled",
            }
        ],
    }
    assert (proof.obligation_id, proof.person_id, proof.at) == ("cv:1", "leila", NOW + 9 * H)
    assert proof.digest == digest_of(proof.document)


def test_what_is_not_known_is_said_to_be_none() -> None:
    """A duty without verdict, evidence, refusal, outage, message or answer has every key all the same."""
    document = _document(proof_of(case(meeting()), meeting(), (), (), NOW))
    silent = ("verdict", "evidence_how", "evidence_at", "declined_at", "outage_at")
    assert {name: document[name] for name in silent} == dict.fromkeys(silent)
    assert [document[name] for name in ("facts", "text", "messages", "replies", "alerts")] == [[], [], [], [], []]


def test_one_way_to_write_it_down() -> None:
    """Keys in order, no blanks, letters as they are: whoever has the values has the same bytes, and the same SHA-256."""
    document = canonical({"b": ["é", 1], "a": {"d": None, "c": True}})
    assert document == '{"a":{"c":true,"d":null},"b":["é",1]}'
    assert digest_of("é") == "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"


def test_no_personal_data() -> None:
    """Identifiers only: no name, number or words of a message (§8.4)."""
    said: Reply = reply("y1", Choice.COME, obligation_id=_DUTY.obligation_id, sender_hash="secret", text_sealed="secret", reason="secret")
    row = attempt(about=_DUTY, token="secret", reference="secret")
    document = proof_of(case(_DUTY, who=person(first_name="secret"), attempts=(row,), replies=(said,)), _DUTY, (), (), NOW).document
    assert "secret" not in document
    assert "+33" not in document
