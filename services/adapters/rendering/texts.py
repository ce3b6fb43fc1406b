"""The port ``Texts`` over the folder ``templates/``: one message is a folder, one channel a file or two."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from services.adapters.rendering.advisor import AdvisorTexts
from services.adapters.rendering.email import EmailTemplates, render_email
from services.adapters.rendering.french import French
from services.adapters.rendering.letter import Press
from services.adapters.rendering.proof import ProofPress
from services.adapters.rendering.scene import scene
from services.adapters.rendering.sms import render_sms
from services.adapters.rendering.staff import StaffTexts
from services.adapters.rendering.typography import typographic
from services.adapters.rendering.voice import render_voice
from services.core.content import Content, Notice
from services.core.model import Alert, Fact
from services.core.ports.mailbox import Push, StaffMail
from services.core.words import MEETINGS, Channel


class JinjaTexts:
    """Words of every notice, and of what advisors read. Safe to share between tasks; keeps compiled templates and loaded fonts."""

    def __init__(self, templates_dir: Path) -> None:
        self._templates = environment(templates_dir, French.load(templates_dir / "words"))
        self._press = Press(templates_dir, self._templates)
        self.advisor = AdvisorTexts(templates_dir / "advisor", self._templates)
        self._staff = StaffTexts(self._templates, self.advisor)
        self.proof = ProofPress(templates_dir, self._templates)

    def notice(self, notice: Notice) -> Content:
        """The message in French; raises ``Unrenderable`` (sms_too_long, empty_access_info, an address's code)."""
        about = scene(notice)
        match notice.channel:
            case Channel.SMS:
                parts = notice.bundle_parts if len(notice.obligations) > 1 else 1
                return render_sms(self._file(notice, "sms.txt"), about.names, parts=parts)
            case Channel.VOICE:
                return render_voice(self._file(notice, "voice.txt"), about.names)
            case Channel.EMAIL:
                return render_email(self._email(notice), notice, about.names, about.meetings)
            case Channel.LETTER:
                return self._press.letter(self._file(notice, "letter.txt"), about, notice.contact.lines)

    def fact(self, fact: Fact, zone: str) -> str:
        """A known fact as one short sentence; raises ``UnknownCodeError``."""
        return self.advisor.fact(fact, zone)

    def next_action(self, alert: Alert, zone: str) -> str:
        """What the advisor should do, by when; raises ``UnknownCodeError``."""
        return self.advisor.next_action(alert, zone)

    def staff_mail(self, push: Push, to: str, link: str) -> StaffMail:
        """An e-mail to staff; raises ``UnknownCodeError``."""
        return self._staff.staff_mail(push, to, link)

    def _file(self, notice: Notice, file: str) -> Template:
        return self._templates.get_template(f"notices/{notice.obligations[0].kind.value}/{file}")

    def _email(self, notice: Notice) -> EmailTemplates:
        meeting = notice.obligations[0].kind in MEETINGS
        return EmailTemplates(
            subject=self._file(notice, "email.subject.txt"),
            words=self._file(notice, "email.txt"),
            page=self._file(notice, "email.html"),
            calendar=self._templates.get_template("notices/meeting/calendar.txt") if meeting else None,
        )


def environment(templates_dir: Path, french: French) -> Environment:
    """Strict templates: an unknown name is an error, never an empty word; what is HTML is escaped."""
    made = Environment(
        loader=FileSystemLoader(templates_dir),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"], default_for_string=False),
        auto_reload=False,
    )
    made.filters.update(french.filters(), typographic=typographic)
    return made
