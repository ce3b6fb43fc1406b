"""The dialogue of a call (rules §5, §10.10)."""

import pytest

from services.core.channels.voice import CallState, Part, Result, ScriptKind, Stage, begin, converse, kind_of, press, unpack, words_of
from services.core.content import VoiceContent
from services.core.words import Choice, ReceiptStatus

SCRIPT = VoiceContent(
    greeting="Bonjour.",
    identity_question="Si vous êtes Leïla, appuyez sur 1.",
    body="Mardi premier décembre.",
    choices="Appuyez sur 1, 2, 3 ou 0.",
    thanks={"1": "Merci.", "2": "C'est noté.", "3": "Nous rappelons."},
    unknown_key="Touche non reconnue.",
    goodbye="Au revoir.",
    voicemail="Rappelez le 3949.",
)
SILENT = Result(status=ReceiptStatus.ANSWERED_NO_INPUT, reason="no_valid_key")


@pytest.mark.parametrize(
    ("keys", "choice"),
    [
        (("1", "1"), Choice.COME),
        (("1", "2"), Choice.CANNOT_COME),
        (("1", "3"), Choice.CALL_ME_BACK),
        (("1", "0", "1"), Choice.COME),
        (("5", "1", "1"), Choice.COME),
        (("1", "7", "8", "2"), Choice.CANNOT_COME),
    ],
)
def test_an_answer_is_a_key_at_the_last_question(keys: tuple[str, ...], choice: Choice) -> None:
    """After "it is me", 1, 2 and 3 are answers; unknown keys before them are forgiven twice, 0 repeats."""
    assert converse(ScriptKind.MEETING, later_allowed=False, keys=keys)[1] == Result(choice=choice)


def test_nothing_of_the_content_is_heard_before_the_identity_question_is_answered() -> None:
    """Whatever is pressed, body and choices come after key 1 only."""
    for keys in ((), ("9",), ("2",), ("3", "5", "7"), ("0", "0", "0")):
        heard, _ = converse(ScriptKind.MEETING, later_allowed=True, keys=keys)
        assert Part.BODY not in heard
        assert Part.CHOICES not in heard


def test_nine_is_a_wrong_person() -> None:
    """Key 9 at the identity question ends the call as wrong_person."""
    heard, result = converse(ScriptKind.MEETING, later_allowed=False, keys=("9",))
    assert result == Result(status=ReceiptStatus.WRONG_PERSON)
    assert heard == (Part.GREETING, Part.IDENTITY_QUESTION, Part.THANKS_WRONG_PERSON)


def test_nine_means_nothing_at_the_last_question() -> None:
    """Keys are scoped to the question: 9 after 1 is an unknown key."""
    turn = press(press(begin(ScriptKind.MEETING, later_allowed=False).state, "1").state, "9")
    assert turn.result is None
    assert turn.say[0] is Part.UNKNOWN_KEY


def test_call_me_later_only_where_it_is_offered() -> None:
    """Key 2 at the identity question is "later" for a discreet person, an unknown key for everybody else."""
    later = converse(ScriptKind.MEETING, later_allowed=True, keys=("2",))[1]
    assert later == Result(status=ReceiptStatus.ANSWERED_NO_INPUT, reason="later")
    assert press(begin(ScriptKind.MEETING, later_allowed=False).state, "2").say == (Part.UNKNOWN_KEY, Part.IDENTITY_QUESTION)


def test_silence_is_asked_again_twice_then_only_the_neutral_message_is_left() -> None:
    """Three silences at the identity question: the question three times, then the voicemail text (rules §12 SC-41)."""
    heard, result = converse(ScriptKind.MEETING, later_allowed=False, keys=())
    assert heard == (Part.GREETING, *[Part.IDENTITY_QUESTION] * 3, Part.VOICEMAIL)
    assert result == SILENT


def test_silence_at_the_last_question_ends_with_goodbye() -> None:
    """Each question has its own count of misses; who said who they are hears the ordinary goodbye."""
    heard, result = converse(ScriptKind.MEETING, later_allowed=False, keys=("7", "7", "1"))
    assert heard[-3:] == (Part.CHOICES, Part.CHOICES, Part.GOODBYE)
    assert result == SILENT


def test_a_stuck_zero_ends_the_call() -> None:
    """Repeating is obeyed five times, then counts as unknown keys."""
    heard, result = converse(ScriptKind.MEETING, later_allowed=False, keys=("1", *["0"] * 50))
    assert heard.count(Part.BODY) == 6
    assert result == SILENT


def test_an_actualisation_asks_whether_it_is_done() -> None:
    """1 says « c'est fait », 3 asks for a call, 2 means nothing."""
    assert converse(ScriptKind.ACTUALISATION, later_allowed=False, keys=("1", "1"))[1] == Result(choice=Choice.DONE)
    assert converse(ScriptKind.ACTUALISATION, later_allowed=False, keys=("1", "3"))[1] == Result(choice=Choice.CALL_ME_BACK)
    assert converse(ScriptKind.ACTUALISATION, later_allowed=False, keys=("1", "2"))[1] == SILENT


def test_the_state_travels_in_an_address() -> None:
    """A packed state is plain letters and comes back the same."""
    state = CallState(kind=ScriptKind.ACTUALISATION, later_allowed=True, stage=Stage.CONTENT, misses=2, repeats=1)
    assert unpack(state.packed()) == state
    assert state.packed().replace("-", "").isalnum()


@pytest.mark.parametrize("word", ["", "meeting-now-content-0", "meeting-now-content-9-0", "visit-now-content-0-0", "meeting-x-content-0-0"])
def test_a_state_that_nobody_packed_is_refused(word: str) -> None:
    """Only what ``packed`` writes is read."""
    with pytest.raises(ValueError, match=r".+"):
        unpack(word)


def test_words_of_every_part() -> None:
    """Every part has words or is silent; a repeated body is said twice."""
    assert words_of(Part.THANKS_CANNOT_COME, SCRIPT) == "C'est noté."
    assert words_of(Part.THANKS_WRONG_PERSON, SCRIPT) == ""
    assert {words_of(part, SCRIPT) for part in Part} >= {"Bonjour.", "Au revoir.", "Rappelez le 3949."}
    assert kind_of(SCRIPT) is ScriptKind.MEETING
