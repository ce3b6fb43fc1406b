"""Write every notice to every sample person, and collect what the rules take offence at."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import TemplateError

from services.adapters.rendering.checker import limits as limits_file
from services.adapters.rendering.checker import samples as samples_file
from services.adapters.rendering.checker.limits import Limits
from services.adapters.rendering.checker.pages import PAGE_RULES, Page, small_print
from services.adapters.rendering.checker.reading import Message
from services.adapters.rendering.checker.rules import RULES
from services.adapters.rendering.french import French
from services.adapters.rendering.texts import JinjaTexts
from services.core.content import EmailContent, Notice, Unrenderable
from services.core.words import Channel, Kind

FILES = {Channel.SMS: "sms.txt", Channel.VOICE: "voice.txt", Channel.EMAIL: "email.txt", Channel.LETTER: "letter.txt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A file, the rule that it breaks, and the words."""

    file: str
    rule: str
    words: str

    def __str__(self) -> str:
        return f"{self.file}: {self.rule}: {' '.join(self.words.split())}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was read, and what was found: each offence once."""

    messages: int
    findings: tuple[Finding, ...]


def check(templates_dir: Path, kinds: Collection[Kind] = tuple(Kind), channels: Collection[Channel] = tuple(Channel)) -> Report:
    """Read every notice of these kinds on these channels."""
    texts = JinjaTexts(templates_dir)
    french = French.load(templates_dir / "words")
    limits = limits_file.load(templates_dir / "rules.toml")
    samples = samples_file.load(templates_dir / "samples.toml")
    found: dict[Finding, None] = {}
    count = 0
    for kind in kinds:
        for channel in channels:
            for notice in samples_file.notices(samples, kind, channel):
                count += 1
                found |= dict.fromkeys(_read(texts, notice, limits, french))
    layout = templates_dir / "letters" / "letter.typ"
    for words in small_print(layout.read_text(encoding="utf-8"), limits):
        found[Finding(file="letters/letter.typ", rule="small_print", words=words)] = None
    return Report(messages=count, findings=tuple(found))


def _read(texts: JinjaTexts, notice: Notice, limits: Limits, french: French) -> Iterator[Finding]:
    folder = f"notices/{notice.obligations[0].kind.value}"
    file = f"{folder}/{FILES[notice.channel]}"
    try:
        content = texts.notice(notice)
    except (TemplateError, Unrenderable, KeyError, ValueError, TypeError) as error:
        yield Finding(file=file, rule="renders", words=f"{type(error).__name__}: {error}")
        return
    message = Message(file=file, notice=notice, content=content)
    for name, rule in RULES.items():
        yield from (Finding(file=file, rule=name, words=words) for words in rule(message, limits, french))
    if isinstance(content, EmailContent):
        page = Page(content.html)
        for name, page_rule in PAGE_RULES.items():
            yield from (Finding(file=f"{folder}/email.html", rule=name, words=words) for words in page_rule(page, content, limits))
