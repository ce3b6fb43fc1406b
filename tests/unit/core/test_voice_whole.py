"""The script of a call, part by part, and its state word by word (§5, §10.10)."""

from dataclasses import replace

import pytest

from services.core.channels.voice import CallState, Part, Result, ScriptKind, Stage, Turn, begin, press, unpack, words_of
from services.core.content import VoiceContent
from services.core.words import Choice, ReceiptStatus

_SCRIPT = VoiceContent(
    greeting="g",
    identity_question="i",
    body="b",
    choices="c",
    thanks={"1": "t1", "2": "t2", "3": "t3", "9": "t9", "later": "tl"},
    unknown_key="u",
    goodbye="a",
    voicemail="v",
)


def test_each_part_has_its_own_words() -> None:
    """Nothing is said in the place of something else; a body to be repeated is said twice (§5)."""
    words = {
        Part.GREETING: "g",
        Part.IDENTITY_QUESTION: "i",
        Part.BODY: "b",
        Part.CHOICES: "c",
        Part.UNKNOWN_KEY: "u",
        Part.THANKS_COME: "t1",
        Part.THANKS_CANNOT_COME: "t2",
        Part.THANKS_CALL_BACK: "t3",
        Part.THANKS_WRONG_PERSON: "t9",
        Part.THANKS_LATER: "tl",
        Part.GOODBYE: "a",
        Part.VOICEMAIL: "v",
    }
    assert {part: words_of(part, _SCRIPT) for part in Part} == words
    assert {part: words_of(part, replace(_SCRIPT, repeat=True)) for part in Part} == {**words, Part.BODY: "b b"}
    silent = {part: "" for part in Part if part.startswith("thanks")}
    assert {part: words_of(part, replace(_SCRIPT, thanks={})) for part in Part} == {**words, **silent}


def _state(**changed: object) -> CallState:
    return replace(CallState(kind=ScriptKind.MEETING, later_allowed=True), **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("later", [True, False])
def test_a_call_begins_with_who_calls_and_who_is_there(later: bool) -> None:
    """Greeting and question, and a key is waited for."""
    state = CallState(kind=ScriptKind.CONTACT, later_allowed=later, stage=Stage.IDENTITY, misses=0, repeats=0)
    assert begin(ScriptKind.CONTACT, later) == Turn(say=(Part.GREETING, Part.IDENTITY_QUESTION), gather=True, state=state)


@pytest.mark.parametrize(
    ("state", "key", "turn"),
    [
        # the identity question: misses are forgotten once somebody is there
        (
            _state(misses=2),
            "1",
            Turn(say=(Part.BODY, Part.CHOICES), gather=True, state=_state(stage=Stage.CONTENT)),
        ),
        (
            _state(),
            "9",
            Turn(say=(Part.THANKS_WRONG_PERSON,), gather=False, state=_state(), result=Result(status=ReceiptStatus.WRONG_PERSON)),
        ),
        (
            _state(),
            "2",
            Turn(
                say=(Part.THANKS_LATER,),
                gather=False,
                state=_state(),
                result=Result(status=ReceiptStatus.ANSWERED_NO_INPUT, reason="later"),
            ),
        ),
        (_state(misses=1), None, Turn(say=(Part.IDENTITY_QUESTION,), gather=True, state=_state(misses=2))),
        (_state(misses=1), "5", Turn(say=(Part.UNKNOWN_KEY, Part.IDENTITY_QUESTION), gather=True, state=_state(misses=2))),
        (
            _state(misses=2),
            "5",
            Turn(
                say=(Part.VOICEMAIL,),
                gather=False,
                state=_state(misses=2),
                result=Result(status=ReceiptStatus.ANSWERED_NO_INPUT, reason="no_valid_key"),
            ),
        ),
        # the last question
        (
            _state(stage=Stage.CONTENT),
            "3",
            Turn(
                say=(Part.THANKS_CALL_BACK,),
                gather=False,
                state=_state(stage=Stage.CONTENT),
                result=Result(choice=Choice.CALL_ME_BACK),
            ),
        ),
        (
            _state(stage=Stage.CONTENT, repeats=4, misses=1),
            "0",
            Turn(say=(Part.BODY, Part.CHOICES), gather=True, state=_state(stage=Stage.CONTENT, repeats=5, misses=1)),
        ),
        (
            _state(stage=Stage.CONTENT, repeats=5),
            "0",
            Turn(say=(Part.UNKNOWN_KEY, Part.CHOICES), gather=True, state=_state(stage=Stage.CONTENT, repeats=5, misses=1)),
        ),
        (_state(stage=Stage.CONTENT), None, Turn(say=(Part.CHOICES,), gather=True, state=_state(stage=Stage.CONTENT, misses=1))),
        (
            _state(stage=Stage.CONTENT, misses=2),
            None,
            Turn(
                say=(Part.GOODBYE,),
                gather=False,
                state=_state(stage=Stage.CONTENT, misses=2),
                result=Result(status=ReceiptStatus.ANSWERED_NO_INPUT, reason="no_valid_key"),
            ),
        ),
    ],
)
def test_every_turn_of_the_dialogue(state: CallState, key: str | None, turn: Turn) -> None:
    """What is said, whether a key is waited for, where the dialogue stands, and how it ended (§10.10)."""
    assert press(state, key) == turn


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (CallState(kind=ScriptKind.MEETING), "meeting-now-identity-0-0"),
        (CallState(kind=ScriptKind.CONTACT, later_allowed=True, stage=Stage.CONTENT, misses=2, repeats=5), "contact-later-content-2-5"),
    ],
)
def test_a_state_is_one_word(state: CallState, word: str) -> None:
    """Written and read the same way: it travels in an address that a provider calls back."""
    assert state.packed() == word
    assert unpack(word) == state


@pytest.mark.parametrize(
    "word",
    [
        "meeting-now-identity-0-0-0",
        "meeting-now-identity-0",
        "meeting-soon-identity-0-0",
        "meeting-now-identity-3-0",
        "meeting-now-identity-0-6",
        "meeting-now-identity--1-0",
    ],
)
def test_a_word_outside_the_limits_is_no_state(word: str) -> None:
    """Two misses and five repeats at most; anything else was not written by us."""
    with pytest.raises(ValueError, match=r"^not a call state$"):
        unpack(word)
