"""What hangs on the service's key: hashes, tokens, references, sealed words, signatures (rules §8.2, contracts §1)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.seals import Seals

SEALS = Seals(b"k" * 32)
OTHER = Seals(b"o" * 32)


def test_a_sender_is_the_same_hash_however_the_address_is_cased() -> None:
    """An address in any case, with spaces around it, is one sender; the hash does not tell which (§8.3)."""
    hashed = SEALS.sender_hash("Luc@Ancien-FAI.example ")
    assert hashed == SEALS.sender_hash("luc@ancien-fai.example")
    assert re.fullmatch(r"[0-9a-f]{64}", hashed)
    assert "luc" not in hashed
    assert hashed != OTHER.sender_hash("luc@ancien-fai.example")
    assert hashed != SEALS.sender_hash("+33612345678")


def test_a_link_cannot_be_guessed_and_is_always_the_same() -> None:
    """At least 96 bits in characters that need no escape; derived, so that a repeat renders the same message."""
    token = SEALS.link_token("at-1")
    assert token == SEALS.link_token("at-1")
    assert re.fullmatch(r"[A-Za-z0-9_-]{16,22}", token)
    assert token != SEALS.link_token("at-2")
    assert token != OTHER.link_token("at-1")


def test_a_reference_can_be_read_out_on_the_telephone() -> None:
    """Eight characters in two groups; no 0 and O, 1 and I, B and 8, S and 5."""
    references = {SEALS.reference(f"at-{number}") for number in range(2_000)}
    assert len(references) == 2_000
    assert all(re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}", reference) for reference in references)
    assert not set("01OIBS") & set("".join(references))
    assert SEALS.reference("at-1") == SEALS.reference("at-1") != OTHER.reference("at-1")


@given(st.text(max_size=400))
def test_what_is_sealed_is_read_again_by_the_same_key_only(text: str) -> None:
    """Two seals of one text differ; another key reads nothing (§8.3)."""
    sealed = SEALS.seal(text)
    assert SEALS.unseal(sealed) == text
    assert sealed != SEALS.seal(text)
    assert OTHER.unseal(sealed) is None


@given(st.text(max_size=60))
def test_what_was_never_sealed_is_nothing(text: str) -> None:
    """Whatever somebody puts there, nothing is raised."""
    assert SEALS.unseal(text) is None


def test_a_changed_seal_is_nothing() -> None:
    """Authenticated: one other character, and nothing is read."""
    sealed = SEALS.seal("je ne peux pas venir")
    changed = ("A" if sealed[20] != "A" else "B").join((sealed[:20], sealed[21:]))
    assert SEALS.unseal(changed) is None


@pytest.mark.parametrize("signature", ["", "é", "0" * 64, "not a signature"])
def test_a_wrong_signature_is_refused_and_never_raises(signature: str) -> None:
    """What comes from outside may be anything."""
    assert not SEALS.verify(signature, "advisor", "42")


def test_a_signature_binds_its_parts_in_order() -> None:
    """Parts cannot run into each other or change places."""
    signature = SEALS.sign("ab", "c")
    assert SEALS.verify(signature, "ab", "c")
    assert not SEALS.verify(signature, "a", "bc")
    assert not SEALS.verify(signature, "c", "ab")
    assert not SEALS.verify(signature, "ab", "c", "")
    assert not OTHER.verify(signature, "ab", "c")
