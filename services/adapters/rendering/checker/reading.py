"""One message as a reader meets it: its words, its sentences, its addresses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.core.content import Content, EmailContent, LetterContent, Notice, SmsContent, VoiceContent

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n+")
#: « 09 48 12 34 56 » and « 10 h 30 » are one word each
_NUMBER: Final = re.compile(r"\d+ h(?: \d\d)?\b|\d[\d ]*\d")
_WORD: Final = re.compile(r"[^\W_][\w'\u2019-]*")
_URL: Final = re.compile(r"[a-z]+://[^\s<>\")]+", re.IGNORECASE)
#: an address without its scheme, which a telephone or a mailbox makes a link of all by itself
_BARE_HOST: Final = re.compile(r"(?<![\w@/.-])(?:[a-z0-9-]+\.)+(?:fr|com|org|net|eu|io|ly|gl|me|be|info|example)\b(?:/\S*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A rendered notice, and the file that it comes from."""

    file: str
    notice: Notice
    content: Content

    @property
    def text(self) -> str:
        """Everything that is read or heard, parts that are heard only sometimes included."""
        match self.content:
            case VoiceContent() as call:
                return "\n".join((call.words, call.voicemail, call.unknown_key, *call.thanks.values()))
            case SmsContent() | EmailContent() | LetterContent():
                return self.content.words

    @property
    def sentences(self) -> Sequence[str]:
        """Sentences; headings, labels with their values and addresses are none."""
        return [piece for piece in _SENTENCE_END.split(self._prose()) if piece.endswith((".", "!", "?"))]

    @property
    def urls(self) -> Sequence[str]:
        """Addresses with a scheme."""
        return _URL.findall(self.text)

    @property
    def bare_hosts(self) -> Sequence[str]:
        """Addresses without one."""
        return _BARE_HOST.findall(self.language)

    @property
    def language(self) -> str:
        """The text without its addresses: nobody reads those as words."""
        return _URL.sub("", self.text)

    def _prose(self) -> str:
        match self.content:
            case EmailContent():
                return self.content.text
            case SmsContent():
                # « Leila, France Travail : » says who writes, and belongs to no sentence
                return self.text.partition(" : ")[2]
            case _:
                return self.text


def count_words(sentence: str) -> int:
    """Words as one reads them: a telephone number, an hour, a hyphenated word count once."""
    return len(_WORD.findall(_NUMBER.sub("0", _URL.sub("0", sentence))))
