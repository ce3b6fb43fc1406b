"""What the HTML of an e-mail and the layout of a letter must be: nothing remote, large letters, one button (rules §6, §7)."""

import re
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Final

from services.adapters.rendering.checker.limits import Limits
from services.core.content import EmailContent

_SIZE: Final = re.compile(r"font-size:\s*([\d.]+)px")
_STYLE_FETCHES: Final = re.compile(r"url\s*\(|@import|@font-face", re.IGNORECASE)
_FETCHING_TAGS: Final = frozenset(
    {"img", "script", "link", "iframe", "object", "embed", "video", "audio", "source", "picture", "svg", "form", "input"}
)
_FETCHING_ATTRIBUTES: Final = frozenset({"src", "srcset", "background", "poster", "data"})
#: sizes of the layout's own text, in points; the address in the window has its own rule
_POINTS: Final = re.compile(r"\bsize:\s*([\d.]+)pt")


class Page(HTMLParser):
    """Tags, attributes and words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fetches: list[str] = []
        self.links: list[str] = []
        self.styles: list[str] = []
        self.words: list[str] = []
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what would be fetched, and what can be followed."""
        self._silent += tag in ("title", "style")
        if tag in _FETCHING_TAGS:
            self.fetches.append(f"<{tag}>")
        for name, value in attrs:
            if name in _FETCHING_ATTRIBUTES:
                self.fetches.append(f"{name}={value}")
            if name == "href":
                self.links.append(value or "")
            if name == "style":
                self.styles.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        """The title is no word of the message."""
        self._silent -= tag in ("title", "style")

    def handle_data(self, data: str) -> None:
        """Words that are seen."""
        if not self._silent:
            self.words.append(data)


PageRule = Callable[[Page, EmailContent, Limits], Iterator[str]]


def _remote(page: Page, content: EmailContent, limits: Limits) -> Iterator[str]:
    yield from page.fetches
    yield from (found.group() for found in _STYLE_FETCHES.finditer(content.html))


def _large_letters(page: Page, content: EmailContent, limits: Limits) -> Iterator[str]:
    for style in page.styles:
        for size in _SIZE.findall(style):
            if float(size) < limits.least_pixels:
                yield f"{size} px"


def _one_button(page: Page, content: EmailContent, limits: Limits) -> Iterator[str]:
    links = page.links
    if len(links) > limits.most_links:
        yield " ".join(links)
    yield from (link for link in links if link not in content.text)


def _same_words(page: Page, content: EmailContent, limits: Limits) -> Iterator[str]:
    """Nobody reads in HTML what is not in the text, or the other way round."""
    shown = _letters(" ".join(page.words))
    for line in content.text.splitlines():
        for piece in line.split(" : "):
            if not piece.startswith("http") and _letters(piece) not in shown:
                yield piece


def small_print(layout: str, limits: Limits) -> Iterator[str]:
    """Sizes below the least in a letter's layout."""
    yield from (f"{size} pt" for size in _POINTS.findall(layout) if float(size) < limits.least_points)


def _letters(words: str) -> str:
    return "".join(letter for letter in words.lower() if letter.isalnum())


#: name → rule
PAGE_RULES: Final[Mapping[str, PageRule]] = {
    "nothing_remote": _remote,
    "large_letters": _large_letters,
    "one_button": _one_button,
    "same_words": _same_words,
}
