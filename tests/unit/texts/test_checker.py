"""The text checker: the shipped templates pass, and one bad template per rule does not."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.adapters.rendering.checker.check import check
from services.adapters.rendering.checker.pages import PAGE_RULES
from services.adapters.rendering.checker.reading import count_words
from services.adapters.rendering.checker.rules import RULES
from services.core.words import Channel, Kind
from tests.unit.texts.conftest import TEMPLATES

#: few people and places are enough to see a mistake
FEW = """
[[people]]
first_name = "Leïla"
last_name = "Aït"
constraints = {constraints}
[[places]]
kind = "agency"
name = "Lille Centre"
address = "1 place de la Gare 59000 LILLE"
access_info = "Métro."
[[places]]
kind = "phone"
name = "x"
[[places]]
kind = "other"
name = "Salle"
address = "x"
access_info = "x"
[meetings]
purpose = "point"
starts = ["2026-12-01T10:30", "2026-12-02T09:00"]
[actualisations]
periods = ["2026-10"]
"""
SMS = "notices/meeting/sms.txt"
VOICE = "notices/meeting/voice.txt"
OPENING = "notices/voice_opening.txt"
EMAIL = "notices/meeting/email.txt"
PAGE = "notices/email.html"

#: rule, channel, the person's wishes, file to spoil, what it ends with or what is replaced by what, words of the finding
BAD: list[tuple[str, Channel, list[str], str, str | tuple[str, str], str]] = [
    ("one_part", Channel.SMS, [], SMS, " Nous vous attendons tous avec un grand plaisir et beaucoup de café chaud." * 2, "sms_too_long"),
    ("short_sentences", Channel.EMAIL, [], EMAIL, "\n\nMerci " + "de bien lire " * 8 + "ceci.", "de bien lire"),
    ("active", Channel.SMS, [], SMS, " Pourriez-vous venir ?", "Pourriez"),
    ("active", Channel.SMS, [], SMS, " Vous êtes convoqué.", "etes convoqué"),
    ("dates", Channel.SMS, [], SMS, " Le 01/12.", "01/12"),
    ("dates", Channel.EMAIL, [], EMAIL, "\n\nVenez le 2 décembre.", "le 2 décembre"),
    ("complete", Channel.SMS, [], SMS, ("3949", "le standard"), "no human"),
    ("complete", Channel.SMS, [], SMS, ("France Travail", "Nous"), "no who"),
    ("complete", Channel.SMS, [], SMS, ("{{ meeting.place|short_where(room.place_letters) }}", "quelque part"), "no where"),
    ("complete", Channel.SMS, [], SMS, ("{{ meeting.at|sms_hour }}", "bientôt"), "no hour"),
    ("links", Channel.EMAIL, [], EMAIL, "\n\nVoyez https://rdv.sans-faute.example/x", "takes none"),
    ("links", Channel.EMAIL, ["link_ok"], EMAIL, "\n\nVoyez https://rdv.sans-faute.example/x", "2 links"),
    ("links", Channel.EMAIL, ["link_ok"], EMAIL, ("{{ link }}", "http://rdv.sans-faute.example/x"), "not https"),
    ("links", Channel.EMAIL, ["link_ok"], EMAIL, ("{{ link }}", "https://bit.ly/x"), "a shortener: https://bit.ly/x"),
    ("links", Channel.EMAIL, ["link_ok"], EMAIL, ("{{ link }}", "https://autre.example/x"), "not allowed"),
    ("links", Channel.SMS, [], SMS, " Voir monsite.fr", "monsite.fr"),
    ("threat", Channel.EMAIL, [], EMAIL, "\n\nSinon, radiation.", "radiation"),
    ("jargon", Channel.EMAIL, [], EMAIL, "\n\nApportez votre PPAE.", "PPAE"),
    ("stop", Channel.SMS, [], SMS, " STOP 38123", "STOP"),
    ("asks_for_data", Channel.EMAIL, [], EMAIL, "\n\nDonnez votre numéro de carte bancaire.", "carte bancaire"),
    ("wishes", Channel.EMAIL, ["no_internet"], EMAIL, "\n\nAllez sur internet.", "internet"),
    ("wishes", Channel.SMS, ["prepaid"], SMS, ("Nous vous appelons", "Répondez 1. Nous vous appelons"), "Répondez 1"),
    (
        "identity_first",
        Channel.VOICE,
        [],
        OPENING,
        ("Bonjour. France Travail a", "Le {{ meetings[0].at|spoken_day }}, France Travail a"),
        "décembre",
    ),
    ("identity_first", Channel.VOICE, ["discreet"], OPENING, ("un message personnel", "un message de France Travail"), "France Travail"),
    ("duration", Channel.VOICE, [], VOICE, ("Ce rendez-vous est obligatoire.", "Venez. " * 90), "words"),
    ("subject", Channel.EMAIL, [], "notices/meeting/email.subject.txt", ("France Travail :", "Urgent :"), "Urgent"),
    ("reference", Channel.EMAIL, [], "notices/email_help.txt", ("{{ reference }}", "inconnue"), "no reference"),
    ("nothing_remote", Channel.EMAIL, [], PAGE, ("</body>", '<img src="https://t.example/p.gif"></body>'), "img"),
    ("large_letters", Channel.EMAIL, [], PAGE, ("font-size:18px", "font-size:13px"), "13 px"),
    ("one_button", Channel.EMAIL, [], PAGE, ("</body>", '<a href="mailto:x">x</a></body>'), "mailto"),
    ("same_words", Channel.EMAIL, [], PAGE, ("{{ block.text|typographic }}</p>", "</p>"), "Bonjour"),
    ("renders", Channel.SMS, [], SMS, " {{ nonsense }}", "nonsense"),
]


@pytest.fixture
def spoiled(tmp_path: Path) -> Callable[[str, str | tuple[str, str], list[str]], Path]:
    """A copy of the templates in which one file is spoiled, written to one person."""

    def spoil(file: str, how: str | tuple[str, str], constraints: list[str]) -> Path:
        folder = tmp_path / "templates"
        shutil.copytree(TEMPLATES, folder)
        (folder / "samples.toml").write_text(FEW.format(constraints=constraints), encoding="utf-8")
        path = folder / file
        words = path.read_text(encoding="utf-8")
        if isinstance(how, tuple):
            assert how[0] in words
        path.write_text(words + how if isinstance(how, str) else words.replace(*how), encoding="utf-8")
        return folder

    return spoil


@pytest.mark.parametrize(("rule", "channel", "constraints", "file", "how", "words"), BAD)
def test_one_bad_template_per_rule(
    spoiled: Callable[[str, str | tuple[str, str], list[str]], Path],
    rule: str,
    channel: Channel,
    constraints: list[str],
    file: str,
    how: str | tuple[str, str],
    words: str,
) -> None:
    """The finding names the file, the rule and the words (§2.3, §4.2, §6, §7, §8.1, §8.2)."""
    report = check(spoiled(file, how, constraints), kinds=[Kind.APPOINTMENT], channels=[channel])
    lines = [str(finding) for finding in report.findings]
    folder = re.compile(rf"^notices/appointment/{channel.value}\.(txt|html): ({rule}|renders): .*(?:{words})")
    assert [line for line in lines if folder.match(line)], lines


def test_every_rule_has_its_bad_template() -> None:
    """A rule that nothing breaks may be asleep."""
    assert {bad[0] for bad in BAD} - {"renders"} == set(RULES) | set(PAGE_RULES)


def test_small_print_in_the_letter_is_found(spoiled: Callable[[str, str | tuple[str, str], list[str]], Path]) -> None:
    """Nothing below 12 points in the layout (§6)."""
    folder = spoiled("letters/letter.typ", ("text(size: 12pt, item.url)", "text(size: 7pt, item.url)"), [])
    report = check(folder, kinds=[], channels=[])
    assert [str(finding) for finding in report.findings] == ["letters/letter.typ: small_print: 7 pt"]


def test_the_shipped_templates_pass() -> None:
    """What ``make lint`` runs, as a process (§8.1, §8.2)."""
    done = subprocess.run([sys.executable, "-m", "services.adapters.rendering.checker"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d{4} messages read, 0 findings", done.stdout)


def test_words_are_counted_as_read() -> None:
    """A telephone number, an hour, an elision are one word (§8.1)."""
    assert count_words("Nos appels : 09 48 12 34 56.") == 3
    assert count_words("Venez à 10 h 30, s'il vous plaît.") == 6
