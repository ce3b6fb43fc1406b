"""E-mails to staff, worded: the first line of a template is the subject, the rest the text (§10.13)."""

import re
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment

from services.adapters.rendering.advisor import AdvisorTexts
from services.core.ports.mailbox import Push, StaffMail, Unpushed

#: what loops leave behind
_BLANK: Final = re.compile(r"\n{3,}")


class StaffTexts:
    """The templates of ``templates/staff/``."""

    def __init__(self, templates: Environment, advisor: AdvisorTexts) -> None:
        self._templates = templates
        self._advisor = advisor
        self._words = templates.get_template("pages/words.html").module

    def staff_mail(self, push: Push, to: str, link: str) -> StaffMail:
        """See ``StaffWords.staff_mail``."""
        template = self._templates.get_template(f"staff/{push.note.value}.txt")
        lines = [self._line(line, push.zone) for line in push.lines]
        worded = _BLANK.sub("\n\n", template.render(lines=lines, name=push.name, link=link, open=push.open, lost=self._lost(push)))
        subject, _, text = worded.strip().partition("\n")
        return StaffMail(key=push.key, to=to, subject=subject, text=f"{text.strip()}\n")

    def _lost(self, push: Push) -> dict[str, object]:
        if push.lost is None:
            return {}
        left = push.lost.people - push.lost.reached
        closes = push.lost.closes_at.astimezone(ZoneInfo(push.zone))
        return {"people": push.lost.people, "reached": push.lost.reached, "left": left, "closes": closes}

    def _line(self, line: Unpushed, zone: str) -> dict[str, str]:
        alert, words = line.alert, self._words
        return {
            "who": line.first_name or "Personne encore inconnue",
            "type": str(words.alert_type(alert.type)).strip(),  # type: ignore[attr-defined]
            "severity": str(words.severity(alert.severity)).strip(),  # type: ignore[attr-defined]
            "action": self._advisor.next_action(alert, zone),
        }
