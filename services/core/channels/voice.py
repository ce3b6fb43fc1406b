"""The dialogue of a call as a pure state machine: who are you, what we have to say, what do you answer (rules §5, §10.10).

Nothing of the content is said before the identity question is answered with 1. Keys are scoped to the question that was asked.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from services.core.content import VoiceContent
from services.core.words import Choice, ReceiptStatus

#: how long the callee has to press a key, in seconds (rules §10.10)
ANSWER_SECONDS: Final = 8
#: a question that got no valid key is asked again this often (rules §10.10)
ASKED_AGAIN: Final = 2
#: « 0 = répéter » is obeyed this often; after that it counts as an unknown key, so that a stuck key ends the call
REPEATS: Final = 5


class Part(StrEnum):
    """A piece of the script."""

    GREETING = "greeting"
    IDENTITY_QUESTION = "identity_question"
    BODY = "body"
    CHOICES = "choices"
    UNKNOWN_KEY = "unknown_key"
    THANKS_COME = "thanks_1"
    THANKS_CANNOT_COME = "thanks_2"
    THANKS_CALL_BACK = "thanks_3"
    #: after 9 at the identity question
    THANKS_WRONG_PERSON = "thanks_9"
    #: after « rappelez plus tard » at the identity question
    THANKS_LATER = "thanks_later"
    GOODBYE = "goodbye"
    VOICEMAIL = "voicemail"


class ScriptKind(StrEnum):
    """What the last question asks."""

    #: 1 = I come, 2 = I cannot come, 3 = call me back
    MEETING = "meeting"
    #: 1 = it is done, 3 = call me back
    ACTUALISATION = "actualisation"
    #: 1 = it is my number, or: I understood
    CONTACT = "contact"


class Stage(StrEnum):
    """The question that waits for a key."""

    IDENTITY = "identity"
    CONTENT = "content"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallState:
    """Where the dialogue stands; small enough to travel in the address that a provider calls back."""

    kind: ScriptKind
    later_allowed: bool = False
    stage: Stage = Stage.IDENTITY
    #: unknown keys and silences at this question
    misses: int = 0
    repeats: int = 0

    def packed(self) -> str:
        """One word of ``a-z0-9-``; ``unpack`` reads it."""
        later = "later" if self.later_allowed else "now"
        return f"{self.kind.value}-{later}-{self.stage.value}-{self.misses}-{self.repeats}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How the dialogue ended: an answer (``choice``), or what a receipt says (``status``); never both."""

    choice: Choice | None = None
    status: ReceiptStatus | None = None
    #: bounded word beside the status: ``later``, ``no_valid_key``
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is said now, and whether a key is waited for afterwards. Without ``gather`` the line is hung up."""

    say: tuple[Part, ...]
    gather: bool
    state: CallState
    result: Result | None = None


#: keys of the last question: what they mean, and what is said then (rules §10.12)
ANSWERS: Final[dict[ScriptKind, dict[str, tuple[Choice, Part]]]] = {
    ScriptKind.MEETING: {
        "1": (Choice.COME, Part.THANKS_COME),
        "2": (Choice.CANNOT_COME, Part.THANKS_CANNOT_COME),
        "3": (Choice.CALL_ME_BACK, Part.THANKS_CALL_BACK),
    },
    ScriptKind.ACTUALISATION: {
        "1": (Choice.DONE, Part.THANKS_COME),
        "3": (Choice.CALL_ME_BACK, Part.THANKS_CALL_BACK),
    },
    ScriptKind.CONTACT: {"1": (Choice.COME, Part.THANKS_COME)},
}

QUESTIONS: Final[dict[Stage, tuple[Part, ...]]] = {
    Stage.IDENTITY: (Part.IDENTITY_QUESTION,),
    Stage.CONTENT: (Part.CHOICES,),
}


def kind_of(script: VoiceContent) -> ScriptKind:
    """Which last question a script asks: one that thanks for « je ne peux pas » (key 2) is about a meeting, one that calls nobody back
    (key 3) is about the number itself.
    """
    if "2" in script.thanks:
        return ScriptKind.MEETING
    return ScriptKind.ACTUALISATION if "3" in script.thanks else ScriptKind.CONTACT


def begin(script_kind: ScriptKind, later_allowed: bool) -> Turn:
    """Somebody picked up: say who calls and ask who is there."""
    state = CallState(kind=script_kind, later_allowed=later_allowed)
    return Turn(say=(Part.GREETING, Part.IDENTITY_QUESTION), gather=True, state=state)


def press(state: CallState, key: str | None) -> Turn:
    """The callee pressed ``key`` (one of ``0-9*#``), or nothing for ``ANSWER_SECONDS`` (none)."""
    if state.stage is Stage.IDENTITY:
        return _who(state, key)
    return _what(state, key)


def _who(state: CallState, key: str | None) -> Turn:
    if key == "1":
        told = replace(state, stage=Stage.CONTENT, misses=0)
        return Turn(say=(Part.BODY, Part.CHOICES), gather=True, state=told)
    if key == "9":
        return _end(state, Part.THANKS_WRONG_PERSON, Result(status=ReceiptStatus.WRONG_PERSON))
    if key == "2" and state.later_allowed:
        return _end(state, Part.THANKS_LATER, Result(status=ReceiptStatus.ANSWERED_NO_INPUT, reason="later"))
    return _ask_again(state, key)


def _what(state: CallState, key: str | None) -> Turn:
    answer = ANSWERS[state.kind].get(key or "")
    if answer is not None:
        choice, thanks = answer
        return _end(state, thanks, Result(choice=choice))
    if key == "0" and state.repeats < REPEATS:
        return Turn(say=(Part.BODY, Part.CHOICES), gather=True, state=replace(state, repeats=state.repeats + 1))
    return _ask_again(state, key)


def _ask_again(state: CallState, key: str | None) -> Turn:
    if state.misses >= ASKED_AGAIN:
        # who did not say who they are hears only what an answering machine may hear (rules §12 SC-41)
        last = Part.VOICEMAIL if state.stage is Stage.IDENTITY else Part.GOODBYE
        return _end(state, last, Result(status=ReceiptStatus.ANSWERED_NO_INPUT, reason="no_valid_key"))
    prefix = () if key is None else (Part.UNKNOWN_KEY,)
    return Turn(say=prefix + QUESTIONS[state.stage], gather=True, state=replace(state, misses=state.misses + 1))


def _end(state: CallState, last: Part, result: Result) -> Turn:
    return Turn(say=(last,), gather=False, state=state, result=result)


def converse(script_kind: ScriptKind, later_allowed: bool, keys: tuple[str, ...]) -> tuple[tuple[Part, ...], Result]:
    """A whole call: every part in the order in which it is heard, and how it ended. After its last key the callee stays silent."""
    turn = begin(script_kind, later_allowed)
    heard = list(turn.say)
    waiting = list(keys)
    while turn.result is None:
        turn = press(turn.state, waiting.pop(0) if waiting else None)
        heard.extend(turn.say)
    return tuple(heard), turn.result


def words_of(part: Part, script: VoiceContent) -> str:
    """What is said for a part; empty when the script has nothing for it. A body to be repeated is said twice (``script.repeat``)."""
    spoken: dict[Part, str] = {
        Part.GREETING: script.greeting,
        Part.IDENTITY_QUESTION: script.identity_question,
        Part.BODY: f"{script.body} {script.body}" if script.repeat else script.body,
        Part.CHOICES: script.choices,
        Part.UNKNOWN_KEY: script.unknown_key,
        Part.THANKS_COME: script.thanks.get("1", ""),
        Part.THANKS_CANNOT_COME: script.thanks.get("2", ""),
        Part.THANKS_CALL_BACK: script.thanks.get("3", ""),
        Part.THANKS_WRONG_PERSON: script.thanks.get("9", ""),
        Part.THANKS_LATER: script.thanks.get("later", ""),
        Part.GOODBYE: script.goodbye,
        Part.VOICEMAIL: script.voicemail,
    }
    return spoken[part]


def unpack(word: str) -> CallState:
    """The state that ``CallState.packed`` wrote; raises ``ValueError`` for anything else."""
    pieces = word.split("-")
    if len(pieces) != 5 or pieces[1] not in {"later", "now"}:
        raise ValueError("not a call state")
    kind, later, stage, misses, repeats = pieces
    state = CallState(kind=ScriptKind(kind), later_allowed=later == "later", stage=Stage(stage), misses=int(misses), repeats=int(repeats))
    if not (0 <= state.misses <= ASKED_AGAIN and 0 <= state.repeats <= REPEATS):
        raise ValueError("not a call state")
    return state
