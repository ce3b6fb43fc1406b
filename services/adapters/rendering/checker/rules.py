"""What every message must be: one dict of rules, each yields the words that it takes offence at."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from services.adapters.rendering.checker.limits import Limits
from services.adapters.rendering.checker.reading import Message, count_words
from services.adapters.rendering.checker.samples import REFERENCE
from services.adapters.rendering.french import French
from services.core.channels.gsm7 import prepare
from services.core.content import EmailContent, LetterContent, SmsContent, VoiceContent
from services.core.words import Constraint, Kind, Step

Rule = Callable[[Message, Limits, French], Iterator[str]]

_NUMERIC_DATE: Final = re.compile(r"\b\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?\b")
_PIECE_END: Final = re.compile(r"(?<=[.!?])\s+|\n+")


def _length(message: Message, limits: Limits, french: French) -> Iterator[str]:
    if isinstance(message.content, SmsContent):
        most = limits.bundle_parts if len(message.notice.obligations) > 1 else limits.sms_parts
        if message.content.parts > most or message.content.encoding != "GSM-7":
            yield f"{message.content.parts} parts of {message.content.encoding}: {message.text}"


def _sentences(message: Message, limits: Limits, french: French) -> Iterator[str]:
    lengths = {sentence: count_words(sentence) for sentence in message.sentences}
    yield from (f"{count} words: {sentence}" for sentence, count in lengths.items() if count > limits.most_words)
    if lengths and sum(lengths.values()) / len(lengths) > limits.mean_words:
        yield f"{sum(lengths.values()) / len(lengths):.1f} words a sentence: {message.text}"


def _active(message: Message, limits: Limits, french: French) -> Iterator[str]:
    # « a été changé » is the rule's own wording (rules §10.7)
    if isinstance(message.content, SmsContent) and message.notice.step is not Step.CHANGED:
        for pattern in (limits.conditional, limits.passive):
            yield from (found.group() for found in pattern.finditer(message.language))


def _dates(message: Message, limits: Limits, french: French) -> Iterator[str]:
    if not isinstance(message.content, VoiceContent):
        yield from _NUMERIC_DATE.findall(message.text)
    months = "|".join(set(french.dates.months) | {prepare(month).text for month in french.dates.months})
    day = re.compile(rf"(?P<name>\w+ )?\b(?:{french.dates.first}|\d{{1,2}}) (?:{months})\b(?! \d{{4}})")
    for found in day.finditer(message.text):
        if (found["name"] or "").strip().lower() not in french.dates.days:
            yield found.group()


def _complete(message: Message, limits: Limits, french: French) -> Iterator[str]:
    """Who, what, when, where, a human's number, what to do (rules §8.1)."""
    said = message.text.lower()
    wanted = {"who": [limits.who], "human": list(limits.human), **_duty(message, french)}
    for name, words in wanted.items():
        if not any(word.lower() in said for word in words):
            yield f"no {name} ({' / '.join(words)}): {message.text}"
    if limits.to_do.search(message.text) is None:
        yield f"nothing to do: {message.text}"


def _duty(message: Message, french: French) -> Mapping[str, list[str]]:
    notice, zone = message.notice, ZoneInfo(message.notice.zone)
    spoken, sms = isinstance(message.content, VoiceContent), isinstance(message.content, SmsContent)
    first = notice.obligations[0]
    at = first.due_at.astimezone(zone)
    day = french.spoken_day(at) if spoken else prepare(french.day(at)).text if sms else french.day(at)
    if first.kind is Kind.CONTACT:
        return {"what": ["numéro", "adresse"]}
    if first.kind is Kind.ACTUALISATION:
        return {"what": ["actualisation"]} | ({"when": [day]} if notice.step is not Step.A6 else {})
    hour = french.spoken_hour(at) if spoken else french.sms_hour(at) if sms else french.hour(at)
    wanted = {"what": ["rendez-vous", "convoc"], "when": [day], "hour": [hour]} | _others(message, french)
    if notice.step is not Step.CANCELLATION and first.place is not None:
        short = french.short_where(first.place, 12)
        wanted["where"] = [french.where(first.place), prepare(french.where(first.place)).text, prepare(short).text[:8]]
    return wanted


def _others(message: Message, french: French) -> dict[str, list[str]]:
    """The day of each further duty of the message."""
    notice, zone = message.notice, ZoneInfo(message.notice.zone)
    if notice.step is Step.CANCELLATION and not isinstance(message.content, SmsContent):
        return {}
    say = french.spoken_day if isinstance(message.content, VoiceContent) else french.day
    days = [say(obligation.due_at.astimezone(zone)) for obligation in notice.obligations[1:]]
    return {f"day {number}": [day, prepare(day).text] for number, day in enumerate(days, start=2)}


def _links(message: Message, limits: Limits, french: French) -> Iterator[str]:
    urls = list(message.urls)
    if len(urls) > limits.most_links:
        yield f"{len(urls)} links: {' '.join(urls)}"
    if urls and message.notice.link is None:
        yield f"a link for somebody who takes none: {urls[0]}"
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme != "https":
            yield f"not https: {url}"
        if parts.hostname in limits.shorteners:
            yield f"a shortener: {url}"
        if parts.hostname not in limits.hosts:
            yield f"a host that is not allowed: {url}"
    yield from (f"an address without https: {host}" for host in message.bare_hosts)


def _banned(name: str) -> Rule:
    def rule(message: Message, limits: Limits, french: French) -> Iterator[str]:
        pattern: re.Pattern[str] = getattr(limits, name)
        yield from (found.group() for found in pattern.finditer(message.language))

    return rule


def _asks_for_data(message: Message, limits: Limits, french: French) -> Iterator[str]:
    for sentence in _PIECE_END.split(message.language):
        if limits.data.search(sentence) and not limits.data_unless.search(sentence):
            yield sentence


def _wishes(message: Message, limits: Limits, french: French) -> Iterator[str]:
    """What this person may not be told: the web, a paid answer (rules §10.5, §10.12)."""
    person = message.notice.person
    if person.non_web:
        yield from (found.group() for found in limits.web.finditer(message.language))
    if isinstance(message.content, SmsContent) and Constraint.PREPAID in person.constraints:
        yield from (found.group() for found in limits.paid_answer.finditer(message.text))


def _identity(message: Message, limits: Limits, french: French) -> Iterator[str]:
    """Nothing of the content before the identity question, nor on an answering machine (rules §5)."""
    if not isinstance(message.content, VoiceContent):
        return
    before = f"{message.content.greeting} {message.content.identity_question}"
    left = f"{message.content.voicemail} {message.content.goodbye}"
    at = message.notice.obligations[0].due_at.astimezone(ZoneInfo(message.notice.zone))
    secrets = [french.spoken_day(at), french.spoken_hour(at)]
    secrets += [obligation.place.name for obligation in message.notice.obligations if obligation.place is not None]
    yield from (secret for secret in secrets if secret in f"{before} {left}")
    if Constraint.DISCREET in message.notice.person.constraints:
        yield from (found.group() for found in limits.discreet.finditer(f"{before} {left}"))


def _duration(message: Message, limits: Limits, french: French) -> Iterator[str]:
    call = message.content
    if isinstance(call, VoiceContent):
        words = count_words(f"{call.greeting} {call.identity_question} {call.body} {call.choices}")
        if words > limits.voice_words and len(message.notice.obligations) == 1:
            yield f"{words} words: {call.body}"


def _subject(message: Message, limits: Limits, french: French) -> Iterator[str]:
    if isinstance(message.content, EmailContent) and not message.content.subject.startswith(limits.subject_prefix):
        yield message.content.subject


def _reference(message: Message, limits: Limits, french: French) -> Iterator[str]:
    if isinstance(message.content, EmailContent | LetterContent) and REFERENCE not in message.text:
        yield f"no reference code: {message.text}"


#: name → rule; the name is what a finding is filed under
RULES: Final[Mapping[str, Rule]] = {
    "one_part": _length,
    "short_sentences": _sentences,
    "active": _active,
    "dates": _dates,
    "complete": _complete,
    "links": _links,
    "threat": _banned("threat"),
    "jargon": _banned("jargon"),
    "stop": _banned("stop"),
    "asks_for_data": _asks_for_data,
    "wishes": _wishes,
    "identity_first": _identity,
    "duration": _duration,
    "subject": _subject,
    "reference": _reference,
}
