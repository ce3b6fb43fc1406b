"""Letters: our press (typst) against weasyprint, the same words, window, font and archive format."""

from html import escape
from io import BytesIO
from pathlib import Path

import segno
import weasyprint
from weasyprint.text.fonts import FontConfiguration

from services.adapters.rendering.checker.samples import LINK, load, notices
from services.adapters.rendering.texts import JinjaTexts
from services.core.content import LetterContent, Notice
from services.core.words import Channel, Kind
from services.runtime.settings import home_of_the_code
from tests.benchmarks.machine import Machine
from tests.benchmarks.measuring import Goal, Line, Result, interleaved, on_the_spot

_CSS = """
@font-face { font-family: "Source Sans 3"; src: url("%(fonts)s/SourceSans3-Regular.ttf"); }
@font-face { font-family: "Source Sans 3"; src: url("%(fonts)s/SourceSans3-Bold.ttf"); font-weight: bold; }
@page { size: A4; margin: 20mm 22mm 18mm 22mm; @bottom-right { content: counter(page) " / " counter(pages); font-size: 12pt; } }
body { font: 13pt "Source Sans 3"; line-height: 1.25; }
p { margin: 0 0 0.35em; }
.head { height: 72mm; width: 82mm; font-size: 12pt; }
.window { position: absolute; left: 88mm; top: 35mm; width: 81mm; height: 29mm; font-size: 10.5pt; }
ul, table { margin: 0; }
.facts { width: 100%%; background: #eef3fa; border-left: 2.5pt solid #1d3f72; }
.facts td { width: 20mm; }
th { text-align: left; }
h2 { font-size: 14pt; margin: 0.6em 0 0.2em; }
h1 { font-size: 17pt; color: #1d3f72; margin: 0 0 0.5em; }
svg { width: 24mm; height: 24mm; }
"""


async def letters(machine: Machine) -> Result:
    """Letters a second, one after the other on one core, everything loaded."""
    templates = home_of_the_code() / "templates"
    texts, notice = JinjaTexts(templates), _notice(templates / "samples.toml")
    ours = texts.notice(notice)
    if not isinstance(ours, LetterContent):
        raise TypeError("a letter was asked for")
    peer = Weasy(ours, templates / "fonts")
    seconds = 3.0 if not machine.quick else 0.7
    typst_speed, weasy_speed = await interleaved(
        machine.rounds, on_the_spot(lambda: texts.notice(notice), at_least=seconds), on_the_spot(peer.letter, at_least=seconds), warm=True
    )
    line = Line(
        row="letters",
        what=f"a letter of {ours.pages} page(s), PDF/A-2a",
        unit="letters/s",
        ours=typst_speed,
        peer=weasy_speed,
        against="weasyprint",
        goal=Goal(limit=8),
    )
    return Result(lines=[line], remarks=[f"PDF of {len(ours.pdf):,} bytes, weasyprint's {len(peer.letter()):,}"])


class Weasy:
    """The same letter for weasyprint: its words as HTML, written once; only the printing is measured."""

    def __init__(self, letter: LetterContent, fonts: Path) -> None:
        self._fonts = FontConfiguration()
        self._style = weasyprint.CSS(string=_CSS % {"fonts": fonts.as_uri()}, font_config=self._fonts)
        self._html = _html(letter)

    def letter(self) -> bytes:
        """The PDF, archivable and tagged like ours."""
        page = weasyprint.HTML(string=self._html)
        pdf = page.write_pdf(stylesheets=[self._style], font_config=self._fonts, pdf_variant="pdf/a-2a", pdf_tags=True)
        return bytes(pdf or b"")


def _html(letter: LetterContent) -> str:
    """Set as ours is: window, heading, a box with the facts, headings, lists, the code beside its link; one page."""
    sender, _, rest = letter.text.partition("\n\n")
    _, _, rest = rest.partition("\n\n")
    dated, _, body = rest.partition("\n\n")
    title, *paragraphs = body.split("\n")
    parts = "".join(_paragraph(paragraph) for paragraph in paragraphs if paragraph)
    return (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>' + escape(title) + "</title></head><body>"
        f'<div class="window">{_lines(letter.address_lines)}</div><div class="head">{_lines([*sender.splitlines(), *dated.splitlines()])}'
        f"</div><h1>{escape(title)}</h1>{parts}</body></html>"
    )


def _paragraph(text: str) -> str:
    """What a line of this one letter is, told by its look."""
    label, colon, fact = text.partition(" : ")
    if text == LINK:
        drawing = BytesIO()
        segno.make_qr(LINK, error="m").save(drawing, kind="svg", border=2, xmldecl=False)
        return f"<table><tr><td>{drawing.getvalue().decode()}</td><td>{LINK}</td></tr></table>"
    if colon and fact:
        return f'<table class="facts"><tr><td>{escape(label)}</td><th>{escape(fact)}</th></tr></table>'
    if text.startswith("- "):
        return f"<ul><li>{escape(text[2:])}</li></ul>"
    return f"<p>{escape(text)}</p>" if text[-1] in ".,:" else f"<h2>{escape(text)}</h2>"


def _lines(lines: list[str] | tuple[str, ...]) -> str:
    return "<br>".join(escape(line) for line in lines)


def _notice(samples: Path) -> Notice:
    """A convocation with its link as a QR code: the longest of the ordinary letters."""
    return next(notice for notice in notices(load(samples), Kind.CONVOCATION, Channel.LETTER) if notice.link is not None)
