"""What a letter says, where its address stands, and what printers and screen readers ask of it."""

import io
import re
from dataclasses import replace

import pytest
from pypdf import PdfReader

from services.adapters.rendering.texts import JinjaTexts
from services.core.content import LetterContent, Notice, Unrenderable
from services.core.words import Channel, Constraint, Step
from tests.unit.texts.notices import LILLE, LINK, actualisation, meeting, notice, person

#: points per millimetre
MM = 72 / 25.4


def letter(texts: JinjaTexts, of: Notice) -> LetterContent:
    """The letter of a notice."""
    content = texts.notice(of)
    assert isinstance(content, LetterContent)
    return content


def words(content: LetterContent) -> str:
    """The words of the PDF, single-spaced."""
    pages = PdfReader(io.BytesIO(content.pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).replace("\u00a0", " ").replace("\u2019", "'").split())


def placed(content: LetterContent) -> list[tuple[str, float, float, float]]:
    """Words of the first page with their place in millimetres from the left and the top, and their size in points."""
    found: list[tuple[str, float, float, float]] = []
    page = PdfReader(io.BytesIO(content.pdf)).pages[0]

    def visit(text: str, cm: list[float], tm: list[float], _font: object, size: float) -> None:
        if text.strip():
            x = tm[4] * cm[0] + cm[4]
            y = tm[5] * cm[3] + cm[5]
            found.append((text.strip(), x / MM, 297 - abs(y) / MM, size))

    page.extract_text(visitor_text=visit)
    return found


def test_a_letter_tells_the_way(texts: JinjaTexts) -> None:
    """Day, hour, address, bus stop, landmark, a quarter of an hour, a human (SC-18, §6)."""
    content = letter(texts, notice(Channel.LETTER))
    for said in (
        "mardi 1er décembre",
        "10 h 30",
        "1 place de la Gare",
        "arrêt Molinel",
        "pharmacie",
        "Prévoyez 15 minutes",
        "3949",
        "relais",
    ):
        assert said in content.text


def test_pdf_and_text_have_the_same_words(texts: JinjaTexts) -> None:
    """What is kept as proof is what was printed."""
    content = letter(texts, notice(Channel.LETTER))
    printed = words(content)
    for line in content.text.splitlines():
        for piece in line.removeprefix("- ").split(" : "):
            assert " ".join(piece.split()) in printed


def test_nobody_is_sent_to_a_place_that_cannot_be_found(texts: JinjaTexts) -> None:
    """An in-person meeting without access_info is refused; its cancellation is not (SC-18, §6)."""
    lost = meeting(place=replace(LILLE, access_info=None, agency_id=None))
    with pytest.raises(Unrenderable, match="empty_access_info"):
        texts.notice(notice(Channel.LETTER, lost))
    assert "annulée" in letter(texts, notice(Channel.LETTER, lost, step=Step.CANCELLATION)).text


def test_the_address_stands_in_the_window(texts: JinjaTexts) -> None:
    """85 by 33 mm, 110 mm from the left, 55 mm from the top; even six lines of 38 capitals stay inside (§6)."""
    of = notice(Channel.LETTER)
    street = "MARQUIS DE LATTRE DE TASSIGNY WAGRAM"
    lines = (*(f"{number} {street}" for number in range(1, 6)), "59000 TASSIGNY SUR MARQUE LES MARAIS W")
    assert {len(line) for line in lines} == {38}
    content = letter(texts, replace(of, contact=replace(of.contact, lines=lines)))
    assert content.address_lines == lines
    address = [spot for spot in placed(content) if "TASSIGNY" in spot[0]]
    assert len(address) == 6
    for _, left, top, _size in address:
        assert 110 <= left <= 115
        assert 55 <= top <= 55 + 33
    others = [spot for spot in placed(content) if "TASSIGNY" not in spot[0]]
    assert not [spot for spot in others if spot[1] > 105 and 50 <= spot[2] <= 93]


def test_an_address_that_the_post_refuses_is_refused(texts: JinjaTexts) -> None:
    """Before printing, with the post's own code; what can be put right is (rules §6)."""
    of = notice(Channel.LETTER)
    with pytest.raises(Unrenderable, match="ADDRESS_LINE_6_WRONG_FORMAT"):
        texts.notice(replace(of, contact=replace(of.contact, lines=("LEILA TEST", "8 RUE DES POSTES", "LILLE"))))
    put_right = letter(
        texts, replace(of, contact=replace(of.contact, lines=("Leïla Test", "12 bis, rue de l'Église-Neuve", "59000 Lille")))
    )
    assert put_right.address_lines == ("LEILA TEST", "12 BIS RUE DE L EGLISE NEUVE", "59000 LILLE")


def test_the_file_is_archivable_and_accessible(texts: JinjaTexts) -> None:
    """PDF/A-2a and PDF/UA-1, tagged, in French, with a title, every font inside (§6)."""
    content = letter(texts, notice(Channel.LETTER))
    reader = PdfReader(io.BytesIO(content.pdf))
    metadata = content.pdf.decode("latin-1")
    assert re.search(r"<pdfaid:part>2</pdfaid:part>\s*<pdfaid:conformance>A</pdfaid:conformance>", metadata)
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert re.search(r"/Lang ?\(fr", metadata)
    assert re.search(r"/Marked true", metadata)
    assert reader.metadata is not None
    assert reader.metadata.title == "Votre convocation du mardi 1er décembre".replace("1er ", "1er\u00a0")
    box = reader.pages[0].mediabox
    assert (round(float(box.width) / MM), round(float(box.height) / MM)) == (210, 297)


def test_letters_are_large_enough(texts: JinjaTexts) -> None:
    """12 points at least, 14 for people who need simple words; the address 10 to 12 (rules §6)."""
    for constraints, least in (([], 12.0), ([Constraint.NEEDS_SIMPLE_TEXT], 14.0)):
        content = letter(texts, notice(Channel.LETTER, to=person(constraints=constraints)))
        body = [spot for spot in placed(content) if spot[2] > 95]
        assert body
        assert min(spot[3] for spot in body) >= least


def test_a_code_to_scan_only_for_people_who_take_links(texts: JinjaTexts) -> None:
    """The code and its address, or neither."""
    with_link = letter(texts, replace(notice(Channel.LETTER, to=person(constraints=[Constraint.LINK_OK])), link=LINK))
    assert LINK in with_link.text
    assert LINK in words(with_link)
    assert "http" not in letter(texts, notice(Channel.LETTER)).text


def test_data_is_never_source(texts: JinjaTexts) -> None:
    """Typst markup in a name is printed as it is (rules §10.18)."""
    content = letter(texts, notice(Channel.LETTER, to=person('Zoé #panic("x") $a$', "*gras* @ref <b>")))
    assert 'Zoé #panic("x") $a$ *gras* @ref <b>' in words(content)


def test_a_name_that_cannot_be_printed_is_refused(texts: JinjaTexts) -> None:
    """Letters that the font does not have would be empty boxes: the archivable format refuses them, and so do we."""
    with pytest.raises(Unrenderable, match="unprintable"):
        texts.notice(notice(Channel.LETTER, to=person("\U00012000\U00012001")))


def test_an_opening_by_letter(texts: JinjaTexts) -> None:
    """People who have only a letter learn the last day and the ways (SC-31)."""
    content = letter(texts, notice(Channel.LETTER, actualisation(), step=Step.A0, to=person(offline=True)))
    assert "mardi 15 décembre" in content.text
    assert "internet" not in content.text
    assert content.pages == 1
