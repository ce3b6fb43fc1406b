"""Letters: words from jinja, layout from typst, a PDF/A-2a and PDF/UA-1 file for the printer."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import segno
import typst
from jinja2 import Environment, Template

from services.adapters.rendering.blocks import Block, Button, Heading, parse, plain
from services.adapters.rendering.scene import Scene
from services.adapters.rendering.sections import sections
from services.adapters.rendering.typography import typographic
from services.core.channels.addresses import normalise
from services.core.content import LetterContent, Unrenderable

#: points: at least 12, and 14 for people who need simple words (rules §6); one more, as the letters of this font are small
SIZE: Final = 13
LARGE_SIZE: Final = 15

_SENDER: Final = ("sender", "agency", "address", "telephone")
_PAGE_COUNT: Final = re.compile(rb"/Count (\d+)")


class Press:
    """Typst with its fonts loaded once; letters are printed one after the other, on one thread."""

    def __init__(self, templates_dir: Path, templates: Environment) -> None:
        self._head = templates.get_template("letters/head.txt")
        self._compiler = typst.Compiler(
            input=str(templates_dir / "letters" / "letter.typ"),
            root=str(templates_dir / "letters"),
            font_paths=[str(templates_dir / "fonts")],
            ignore_system_fonts=True,
        )

    def letter(self, template: Template, scene: Scene, address_lines: Sequence[str]) -> LetterContent:
        """The PDF and its words. Raises ``Unrenderable``: ``empty_access_info`` for a meeting in person that nobody could find
        (rules §12, SC-18), the first code of an address that does not fit (NF Z10-011), ``unprintable`` when a name has letters that
        the font does not know.
        """
        if _nobody_finds_it(scene):
            raise Unrenderable("empty_access_info")
        address = normalise(address_lines)
        if address.errors:
            raise Unrenderable(address.errors[0])
        recipient = address.lines
        head = sections(self._head.render(scene.names))
        title, *blocks = parse(template.render(scene.names))
        if not isinstance(title, Heading):
            raise TypeError("a letter begins with its subject, a heading")
        pdf = self._print(_sheet(head, title, blocks, scene, recipient))
        return LetterContent(
            pdf=pdf,
            text="\n".join((*_sender(head), "", *recipient, "", head["date"], head["reference"], "", plain((title, *blocks)))),
            pages=int(_PAGE_COUNT.findall(pdf)[0]),
            address_lines=recipient,
        )

    def _print(self, sheet: Mapping[str, object]) -> bytes:
        try:
            pdf = self._compiler.compile(
                format="pdf",
                pdf_standards=["a-2a", "ua-1"],  # archivable, and readable by a screen reader
                sys_inputs={"letter": json.dumps(sheet, ensure_ascii=False)},
            )
        except typst.TypstError as error:
            raise Unrenderable("unprintable") from error
        if not isinstance(pdf, bytes):
            raise TypeError("a PDF is one file")
        return pdf


def _sheet(
    head: Mapping[str, str], title: Heading, blocks: Sequence[Block], scene: Scene, recipient: Sequence[str]
) -> Mapping[str, object]:
    """Everything that the layout reads, as JSON: text is data there, never source (rules §10.18)."""
    link = next((block.url for block in blocks if isinstance(block, Button)), None)
    return {
        "size": LARGE_SIZE if scene.names["simple"] else SIZE,
        "recipient": list(recipient),
        "sender": [typographic(line) for line in _sender(head)],
        "title": typographic(title.text),
        "blocks": [{"kind": block.kind} | _printed(asdict(block)) for block in blocks],
        "code": None if link is None else _code(link),
    } | {part: typographic(head[part]) for part in ("date", "reference", "scan", "code_alternative", "page")}


def _printed(block: dict[str, object]) -> dict[str, object]:
    return {name: value if name == "url" else _typographic(value) for name, value in block.items()}


def _typographic(value: object) -> object:
    if isinstance(value, str):
        return typographic(value)
    return [_typographic(part) for part in value] if isinstance(value, tuple | list) else value


def _sender(head: Mapping[str, str]) -> list[str]:
    return [head[part] for part in _SENDER if head[part]]


def _code(link: str) -> str:
    """A QR code (ISO/IEC 18004, level M) as SVG."""
    drawing = io.BytesIO()
    segno.make_qr(link, error="m").save(drawing, kind="svg", border=2, xmldecl=False)
    return drawing.getvalue().decode()


def _nobody_finds_it(scene: Scene) -> bool:
    hidden = any(meeting.in_person and not meeting.place.access_info for meeting in scene.meetings)
    return hidden and scene.names["situation"] != "cancelled"
