"""Journal lines as short French sentences for somebody who watches, and the summary at the end; all words are templates'."""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.core.changes import JournalLine
from services.core.model import Alert, Case, Obligation
from services.core.words import Evidence, Kind, ObligationState
from services.simulator.scenario.words import What

_LONGEST = 88
_DAY = timedelta(days=1)
_STATES_TOLD = frozenset({"lapsed", "missed", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of the timeline."""

    at: datetime
    person: str
    what: What
    #: quiet, good, bad, alert: how it is coloured
    tone: str
    text: str


class Teller:
    """Words of the demo, read from ``templates/terminal/demo.toml`` and ``templates/words/dates.toml``."""

    def __init__(self, words: str, dates: str, staff: Mapping[str, str]) -> None:
        #: advisor or agency → the name by which people know them
        self.staff = staff
        self.words: Mapping[str, Any] = tomllib.loads(words)
        self._dates: Mapping[str, Any] = tomllib.loads(dates)

    def named(self, who: object) -> str:
        """A member of staff, or an agency, by name."""
        return self.staff.get(str(who), str(who))

    def date(self, at: datetime) -> str:
        """« mardi 8 décembre »."""
        number = self._dates["first"] if at.day == 1 else at.day
        return f"{self._dates['days'][at.weekday()]} {number} {self._dates['months'][at.month - 1]}"

    def tell(self, line: JournalLine, names: Mapping[str, str]) -> Told | None:
        """One line; none for what nobody wants to see pass by."""
        what = What(line.what)
        person = names.get(str(line.fields.get("person")), str(line.fields.get("person") or ""))
        said = _TELLERS.get(what)
        told = said(self, line.fields) if said else None
        return Told(at=line.at, person=person, what=what, tone=told[0], text=_shortened(told[1])) if told else None

    def left(self, alert: Alert) -> str:
        """How much time was left when the alert was raised."""
        words = self.words["other"]
        left = (alert.deadline or alert.raised_at) - alert.raised_at
        if left <= timedelta(0):
            return str(words["left_none"])
        if left < 2 * _DAY:
            return str(words["left_hours"]).format(hours=int(left.total_seconds() // 3600))
        return str(words["left_days"]).format(days=left.days)

    def state(self, obligation: Obligation) -> str:
        """Where the duty stands; somebody who was reached without saying whether they come is not « sans réponse »."""
        reached = obligation.state is ObligationState.OPEN and obligation.evidence >= Evidence.E3
        return str(self.words["state"]["reached" if reached else obligation.state])

    def duty(self, obligation: Obligation, local: datetime) -> str:
        """What is owed, by when."""
        return str(self.words["duty"][obligation.kind]).format(date=self.date(local))


def _sent(teller: Teller, fields: Mapping[str, Any]) -> tuple[str, str]:
    channel, text = str(fields["channel"]), str(fields["text"])
    lines = [line for line in text.splitlines() if line.strip()]
    # a call is told by its content, a letter by its first sentence after the address
    shown = lines[2] if channel == "voice" and len(lines) > 2 else lines[0]
    if channel == "letter":
        shown = next((line for line in lines if line.startswith(("Objet", "Madame", "Bonjour"))), lines[0])
    return "quiet", teller.words["sent"][channel].format(text=shown)


def _receipt(teller: Teller, fields: Mapping[str, Any]) -> tuple[str, str] | None:
    status = str(fields["status"])
    words = teller.words["receipt"].get(status)
    if words is None or fields.get("effect") != "applied":
        return None
    channel = {"sms": "SMS", "email": "e-mail"}.get(str(fields["channel"]), str(fields["channel"]))
    return ("quiet" if status == "delivered" else "bad"), words.format(channel=channel)


def _reply(teller: Teller, fields: Mapping[str, Any]) -> tuple[str, str]:
    how = teller.words["reply_how"].get(str(fields["channel"]), "")
    return "good", f"{teller.words['reply'][str(fields['choice'])]} ({how})"


def _evidence(teller: Teller, fields: Mapping[str, Any]) -> tuple[str, str] | None:
    words = teller.words["evidence"].get(str(fields["level"]))
    return ("good", words) if words else None


def _alert(teller: Teller, fields: Mapping[str, Any]) -> tuple[str, str]:
    return "alert", teller.words["other"]["alert"].format(to=teller.named(fields["to"]), action=fields["next_action"])


def _alert_updated(teller: Teller, fields: Mapping[str, Any]) -> tuple[str, str]:
    return "alert", teller.words["other"]["alert_updated"].format(to=teller.named(fields["to"]))


def _state(teller: Teller, fields: Mapping[str, Any]) -> tuple[str, str] | None:
    to = str(fields["to"])
    return ("bad", teller.words["other"][f"state_{to}"]) if to in _STATES_TOLD else None


def _contact(teller: Teller, fields: Mapping[str, Any]) -> tuple[str, str] | None:
    return ("bad", teller.words["other"]["contact"]) if fields.get("status") == "disabled" else None


def _dossier(teller: Teller, fields: Mapping[str, Any]) -> tuple[str, str]:
    level = teller.words["proof"][str(fields["level"])]
    return "alert", teller.words["other"]["dossier"].format(level=level)


def _skipped(teller: Teller, fields: Mapping[str, Any]) -> tuple[str, str] | None:
    reason = teller.words["reason"].get(str(fields["reason"]))
    return ("quiet", teller.words["other"]["skipped"].format(reason=reason)) if reason else None


_TELLERS = {
    What.SENT: _sent,
    What.RECEIPT: _receipt,
    What.REPLY: _reply,
    What.EVIDENCE: _evidence,
    What.ALERT: _alert,
    What.ALERT_UPDATED: _alert_updated,
    What.STATE: _state,
    What.CONTACT: _contact,
    What.DOSSIER: _dossier,
    What.SKIPPED: _skipped,
}


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"


@dataclass(slots=True, kw_only=True)
class Standing:
    """Where one person stands while the story goes on: the last thing known, in a word."""

    name: str
    word: str = "waiting"
    sent: int = 0
    alerts: int = 0
    answered: bool = False

    def hear(self, line: JournalLine) -> None:
        """One more line about this person."""
        if line.what == What.SENT:
            self.sent += 1
            self.word = self.word if self.answered else "sent"
        elif line.what == What.ALERT:
            self.alerts += 1
        elif line.what == What.EVIDENCE:
            level = Evidence(str(line.fields["level"]))
            self.answered = self.answered or level >= Evidence.E3
            self.word = _WORD_OF_LEVEL.get(level, self.word) if level >= Evidence.E3 or not self.answered else self.word
        elif line.what == What.STATE and line.fields["to"] in ("missed", "lapsed"):
            self.word = "lost"


_WORD_OF_LEVEL = {Evidence.E2: "delivered", Evidence.E3: "answered", Evidence.E4: "verified", Evidence.E5: "done"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """One duty of one person, at the end."""

    person: str
    duty: str
    state: str
    reached: str
    proof: str
    alerts: tuple[str, ...] = ()
    good: bool = field(default=True)


def summary(
    cases: Iterable[Case], teller: Teller, names: Mapping[str, str], local: Callable[[str, datetime], datetime]
) -> Sequence[SummaryRow]:
    """Per person and duty: reached how, evidence, alerts and the time that was left; ``local`` turns an instant into a person's clock."""
    rows: list[SummaryRow] = []
    for case in cases:
        duties = [row for row in case.obligations if row.kind is not Kind.CONTACT]
        for obligation in sorted(duties, key=lambda row: (row.kind is Kind.ACTUALISATION, row.due_at)):
            alerts = [alert for alert in case.alerts if alert.obligation_id == obligation.obligation_id]
            told = tuple(
                f"{teller.words['alert'][alert.type]} ({teller.left(alert)})" for alert in sorted(alerts, key=lambda one: one.raised_at)
            )
            how = teller.words["reply_how"].get(obligation.evidence_how or "", "")
            rows.append(
                SummaryRow(
                    person=names.get(case.person_id, case.person_id),
                    duty=teller.duty(obligation, local(case.person_id, obligation.due_at)),
                    state=teller.state(obligation),
                    reached=how or _how_answered(case, obligation, teller),
                    proof=teller.words["proof"][obligation.evidence],
                    alerts=told,
                    good=obligation.evidence >= Evidence.E3,
                )
            )
    return rows


def _how_answered(case: Case, obligation: Obligation, teller: Teller) -> str:
    """The duty is done: the way of the answer that came before."""
    for reply in reversed(case.replies):
        if reply.obligation_id == obligation.obligation_id and reply.effect == "acknowledged":
            return str(teller.words["reply_how"].get(reply.channel, ""))
    return "—"
