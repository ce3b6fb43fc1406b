"""The printed proof of reception: everything of the ledger's entry in French, with its hash (SC-48, §2.3)."""

import io

import pypdf

from services.adapters.rendering.texts import JinjaTexts
from services.core.model import Fact
from services.core.proof import Proof, proof_of
from services.core.words import AttemptState, Channel, Evidence, ObligationState, Step, Verdict, Why
from tests.unit.core.scene import NOW, attempt, case, meeting


def _proof(texts: JinjaTexts) -> Proof:
    duty = meeting(state=ObligationState.MISSED, evidence=Evidence.E2, evidence_how="delivered", verdict=Verdict.SERVICE_AT_FAULT)
    first = attempt(about=duty, state=AttemptState.DELIVERED)
    lost = attempt(
        "a2", about=duty, step=Step.R3, channel=Channel.VOICE, state=AttemptState.SKIPPED, reason=Why.TOO_LATE, submitted_at=None
    )
    facts = [Fact(code="evidence", parameters={"level": "E2"}), Fact(code="outage", parameters={"at": "2026-11-27T08:00:00+00:00"})]
    return proof_of(case(duty, attempts=(first, lost)), duty, facts, [texts.fact(fact, "Europe/Paris") for fact in facts], NOW)


def test_the_printed_proof(texts: JinjaTexts) -> None:
    """One file for archives: verdict, facts, every message, hash and signature."""
    proof = _proof(texts)
    pdf = pypdf.PdfReader(io.BytesIO(texts.proof(proof, "ab" * 32)))
    words = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert "Preuve de réception" in words
    assert "le service est en cause" in words
    assert "Réception non prouvée (E2" in words
    assert "Panne de notre service depuis vendredi 27 novembre à 9 h" in words.replace("\u00a0", " ").replace("\u202f", " ")
    assert "trop tard" in words
    assert proof.digest in words.replace(" ", "")
    assert "ab" * 32 in words.replace(" ", "")


def test_nothing_was_sent(texts: JinjaTexts) -> None:
    """A proof without any message says so."""
    duty = meeting(state=ObligationState.MISSED, verdict=Verdict.NOT_PROVED)
    proof = proof_of(case(duty), duty, [], [], NOW)
    sheet = texts.proof.sheet(proof, "")
    assert sheet["messages"] == []
    assert "Aucun message" in str(sheet["no_message"])
    assert texts.proof(proof, "").startswith(b"%PDF")


def test_hostile_words_are_only_words(texts: JinjaTexts) -> None:
    """Typst source in a fact is printed, never read (§10.18)."""
    duty = meeting(state=ObligationState.MISSED, verdict=Verdict.NOT_PROVED)
    proof = proof_of(case(duty), duty, [], ["#panic(1) $x$ *gras*"], NOW)
    text = pypdf.PdfReader(io.BytesIO(texts.proof(proof, ""))).pages[0].extract_text()
    assert "#panic(1)" in text
