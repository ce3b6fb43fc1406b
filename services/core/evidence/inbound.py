"""What somebody wrote back, read as a choice (rules §10.12, §12 SC-14): strict, because a false yes is worse than a question."""

import re
import unicodedata
from typing import Final

from services.core.words import Choice

#: words that change nothing around an answer
_COURTESY: Final = r"(?:bonjour|bonsoir|salut|merci(?: beaucoup)?|svp|s il vous plait|cordialement|madame|monsieur|bien recu|bonne journee)"

#: what people write before a digit
_ANSWER: Final = r"je reponds|reponse|choix|tape[rz]?"

#: « 1A », « 1 a », « A1 »: the answer, and of several people with one number whose it is
_WITH_LETTER: Final = re.compile(rf"(?:(?:{_ANSWER}|oui|ok|non) )?(?:[123] ?(?P<after>[a-z])|(?P<before>[a-z])[123])")

#: read anywhere in the text: whoever writes this must not be written to again
_WRONG_PERSON: Final = re.compile(
    r"\b(?:erreur (?:de|sur le) (?:numero|personne|destinataire)|(?:mauvais|faux) (?:numero|destinataire)"
    r"|(?:c est|ce n est|c etait|n est) pas moi(?! (?:qui|que|meme))|pas (?:le|la) (?:bon|bonne) (?:numero|personne)"
    r"|vous vous (?:trompez|etes trompe[se]?) de (?:numero|personne))\b"
)

_STOP: Final = re.compile(r"stop(?: sms| svp| merci| s il vous plait)?|arretez?(?: les? sms)?|desabonne[rz](?: moi)?|desinscription")

#: the whole text, courtesy apart, must be one of these
_WHOLE: Final[tuple[tuple[Choice, re.Pattern[str]], ...]] = (
    (Choice.COME, re.compile(rf"(?:(?:{_ANSWER}|oui|ok) )?(?:1 ?[a-z]?|[a-z]1)")),
    (Choice.CANNOT_COME, re.compile(rf"(?:(?:{_ANSWER}|non) )?(?:2 ?[a-z]?|[a-z]2)")),
    (Choice.CALL_ME_BACK, re.compile(rf"(?:(?:{_ANSWER}) )?(?:3 ?[a-z]?|[a-z]3)")),
    (
        Choice.COME,
        re.compile(
            r"(?:(?:oui|ok|d accord|entendu|c est (?:bon|note)|parfait) ?)*"
            r"(?:je viens|je viendrai|je serai (?:la|present|presente)|j y serai|je confirme(?: ma (?:venue|presence))?)(?: (?:oui|ok))?"
        ),
    ),
    (Choice.COME, re.compile(r"oui(?: oui)?|ok|oui (?:ok|d accord)")),
    (
        Choice.CANNOT_COME,
        re.compile(
            r"(?:non |desole |desolee )*(?:je (?:ne )?(?:peux|pourrai|pourrais) pas(?: (?:venir|y aller|etre la))?"
            r"|je (?:ne )?(?:viens|viendrai) pas|je (?:ne )?serai pas (?:la|present|presente|disponible)"
            r"|impossible(?: (?:de|pour moi de) venir)?|je suis (?:malade|empechee?|absente?))"
        ),
    ),
    # « 9 = ce n'est pas moi », as on the telephone
    (Choice.WRONG_PERSON, re.compile(rf"(?:(?:{_ANSWER}) )?9")),
    (Choice.CANNOT_COME, re.compile(r"non")),
    (Choice.CALL_ME_BACK, re.compile(r"(?:pouvez vous |vous pouvez |veuillez |merci de )?(?:me |m )?(?:rappele[rz]|appele[rz])(?: moi)?")),
    (Choice.DONE, re.compile(r"(?:oui )?(?:c est|c etait|je l ai|elle est|actualisation) (?:deja )?faite?|(?:deja )?fait")),
    (Choice.DONE, re.compile(r"(?:oui )?je me suis (?:deja )?actualisee?")),
)

#: longer texts are for a human being to read
_LONGEST = 160


def read_sms(text: str) -> Choice:
    """The choice that an SMS makes: 1, 2, 3, or a few plain sentences; everything else is ``unreadable`` and goes to an advisor.

    Accents, case, punctuation, emoji and courtesy do not matter; an answer with anything beside it ("1 ou 2 ?", "oui mais …")
    is unreadable.
    """
    words = _plain(text)
    if _WRONG_PERSON.search(words):
        return Choice.WRONG_PERSON
    if len(text) > _LONGEST:
        return Choice.UNREADABLE
    if _STOP.fullmatch(words):
        return Choice.STOP
    bare = _without_courtesy(words)
    if "?" in text:
        # a question is not an answer; being asked for a call is
        return Choice.CALL_ME_BACK if _means(bare) is Choice.CALL_ME_BACK else Choice.UNREADABLE
    return _means(bare) or Choice.UNREADABLE


def read_letter(text: str) -> str | None:
    """Whose answer « 1A » is, in capitals; none when the answer is no digit with a letter (§10.14)."""
    found = _WITH_LETTER.fullmatch(_without_courtesy(_plain(text)))
    return (found["after"] or found["before"]).upper() if found else None


def _without_courtesy(words: str) -> str:
    return re.sub(rf"^(?:{_COURTESY} )+|(?: {_COURTESY})+$", "", words).strip()


def _means(words: str) -> Choice | None:
    return next((choice for choice, pattern in _WHOLE if pattern.fullmatch(words)), None)


def _plain(text: str) -> str:
    """Lower case without accents; whatever is neither letter nor digit is a space."""
    letters = unicodedata.normalize("NFKD", text.replace("œ", "oe")).casefold()
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf")
    return " ".join(re.sub(r"[^a-z0-9]+", " ", bare).split())
