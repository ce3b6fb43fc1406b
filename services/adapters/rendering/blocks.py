"""The light markup of e-mails and letters: one source of words for plain text, HTML and PDF.

Blocks are separated by blank lines. A block is a ``# heading``, rows ``| label : value``, items ``- item``,
a button ``[label](address)``, or a paragraph; its lines are joined.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

_BUTTON = re.compile(r"^\[(?P<label>[^\]]+)\]\((?P<url>[^)\s]+)\)$")
_BETWEEN = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A title over what follows."""

    kind: ClassVar[str] = "heading"
    text: str

    def plain(self) -> str:
        """As plain text."""
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Sentences."""

    kind: ClassVar[str] = "paragraph"
    text: str

    def plain(self) -> str:
        """As plain text."""
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What, when, where: each a label and a value."""

    kind: ClassVar[str] = "rows"
    rows: tuple[tuple[str, str], ...]

    def plain(self) -> str:
        """As plain text, a line each."""
        return "\n".join(f"{label} : {value}" for label, value in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list."""

    kind: ClassVar[str] = "items"
    items: tuple[str, ...]

    def plain(self) -> str:
        """As plain text, a line each."""
        return "\n".join(f"- {item}" for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """The one thing to press."""

    kind: ClassVar[str] = "button"
    label: str
    url: str

    def plain(self) -> str:
        """As plain text: the address alone on its line, so that it is not cut."""
        return f"{self.label} :\n{self.url}"


Block = Heading | Paragraph | Rows | Items | Button


def parse(source: str) -> tuple[Block, ...]:
    """Read the markup; a row without « : » is a ``ValueError``."""
    pieces = (piece.strip() for piece in _BETWEEN.split(source))
    return tuple(_block([line.strip() for line in piece.splitlines()]) for piece in pieces if piece)


def plain(blocks: Sequence[Block]) -> str:
    """The words as plain text; a heading stands right above what it is about."""
    text = "\n\n".join(block.plain() for block in blocks)
    for block in blocks:
        if isinstance(block, Heading):
            text = text.replace(f"{block.text}\n\n", f"{block.text}\n", 1)
    return text + "\n"


def _block(lines: list[str]) -> Block:
    if button := _BUTTON.match(lines[0]):
        return Button(label=button["label"], url=button["url"])
    if all(line.startswith("| ") for line in lines):
        rows = (line.removeprefix("| ").partition(" : ") for line in lines)
        return Rows(rows=tuple((label, _filled(value, label)) for label, _, value in rows))
    if all(line.startswith("- ") for line in lines):
        return Items(items=tuple(_spaced(line.removeprefix("- ")) for line in lines))
    if lines[0].startswith("# ") and len(lines) == 1:
        return Heading(text=lines[0].removeprefix("# "))
    return Paragraph(text=_spaced(" ".join(lines)))


def _filled(value: str, label: str) -> str:
    if not value.strip():
        raise ValueError(f"the row {label!r} has no value")
    return _spaced(value)


def _spaced(words: str) -> str:
    return " ".join(words.split())
