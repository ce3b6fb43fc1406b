"""A policy as tables that somebody reads who does not program: the two ladders, then what bounds them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import time, timedelta

from rich.table import Table

from services.commands.counts import count
from services.commands.policy_watch import alarms, contacts, duration, kept
from services.core.policy import ActualisationStep, Policy, Reminder, Span, Windows

_CHANNEL = {
    "best_evidence": "where the evidence is best, else as N0",
    "another": "another than the step before",
    "first_notice": "as a first notice",
    "in_order": "the first usable of {order}",
}


def tables(policy: Policy) -> Iterator[Table]:
    """Everything, in the order in which it happens."""
    yield _table("A meeting", ("step", "when", "channel", "spread over", "to whom"), _meeting(policy))
    yield _table("The monthly actualisation", ("step", "when", "channel", "spread over", "to whom"), _actualisation(policy))
    yield _table("Advisors are told", ("alert", "when"), _alerts(policy))
    yield _table("How often at most", ("channel", "per meeting", "per month's actualisation", "per person"), _caps(policy))
    yield _table(
        "When a channel may be used",
        ("channel", "Monday-Friday", "Saturday", "Sunday, holiday", "last day of an actualisation"),
        _windows(policy),
    )
    yield _table("How long is waited", ("for", "how long"), _timers(policy))
    yield _table("How late is too late", ("channel", "relied on alone until", "not after"), _limits(policy))
    yield _table("Bundles", ("channel", "duties in one message"), _bundles(policy))
    yield _table("Answers on the link page", ("what", "is not counted"), _link(policy))
    yield _table("Contact points", ("a point is", "when"), contacts(policy))
    yield _table("Operations are alarmed", ("alarm", "when"), alarms(policy))
    yield _table("How long it is kept", ("what", "how long"), kept(policy))


def as_data(value: object) -> object:
    """The policy as it would stand in its file: the same names, "8h" and "09:00"; what is left out is left out."""
    match value:
        case timedelta():
            return duration(value)
        case time():
            return f"{value:%H:%M}"
        case Mapping():
            return {str(key): as_data(inner) for key, inner in value.items()}
        case tuple():
            return [as_data(one) for one in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            found = {each.name: getattr(value, each.name) for each in fields(value)}
            return {name: as_data(inner) for name, inner in found.items() if inner is not None}
        case _:
            return value if isinstance(value, bool | int) else str(value)


def _table(title: str, headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*row)
    return table


def _meeting(policy: Policy) -> Iterator[tuple[str, ...]]:
    channels, timers = policy.channels, policy.timers
    yield "N0", "as soon as it is known", f"the preferred one, else {_row(channels.fallback_order)}", "", "everybody"
    yield "", "", f"without the web: {_row(channels.offline_order)}", "", ""
    yield "L", "with it", "letter", "", "formal convocations"
    yield "F", "at once after a hard failure", "the next usable one", "", "who has not answered"
    yield "", f"{duration(timers.no_receipt)} without a receipt ({duration(timers.no_receipt_short)} on the last day)", "", "", ""
    yield "", f"after silence: {duration(timers.silence_convocation)} (appointment: {duration(timers.silence_appointment)})", "", "", ""
    for rung in policy.meeting.reminders:
        yield (
            str(rung.step),
            f"{_days(rung.days_before)}, {rung.hour:%H:%M}",
            _reminder_channel(rung),
            _spread(rung.spread),
            _concerned(rung),
        )


def _reminder_channel(rung: Reminder) -> str:
    last = f"; as a last chance {rung.last_chance}" if rung.last_chance else ""
    return f"{_CHANNEL[rung.channel]}{last}"


def _concerned(rung: Reminder) -> str:
    who = "everybody" if rung.even_if_acknowledged else "who has not answered"
    if rung.unless_acknowledged_within:
        who += f", but who answered less than {duration(rung.unless_acknowledged_within)} before"
    return f"{who}; known more than {duration(rung.only_if_known_before)} before" if rung.only_if_known_before else who


def _actualisation(policy: Policy) -> Iterator[tuple[str, ...]]:
    ladder = policy.actualisation
    for rung in ladder.steps:
        order = [channel for channel in policy.channels.actualisation_order if rung.called or channel != "voice"]
        who = (
            "who asked, missed one of the last three, or depends on the agency"
            if rung.only_for_those_who_need_it
            else "who has not done it"
        )
        name = str(rung.step) if rung.occurrence == 1 else f"{rung.step} ({rung.occurrence})"
        yield name, _rung_day(rung), _CHANNEL[rung.channel].format(order=_row(order)), _spread(rung.spread or ladder.spread), who
    after = f"first weekday after the closing day, {ladder.after.hour:%H:%M}"
    yield "A6", after, "where the evidence is best, else as N0", _spread(ladder.spread), "who has not done it"


def _rung_day(rung: ActualisationStep) -> str:
    day = "first weekday from the opening on" if rung.opening else _days(rung.days_before, "closing day", "on the closing day")
    called = f" (calls {rung.voice_hour:%H:%M})" if rung.voice_hour else ""
    return f"{day}, {rung.hour:%H:%M}{called}{'' if rung.moves else ', never another day'}"


def _alerts(policy: Policy) -> Iterator[tuple[str, ...]]:
    alerts = policy.alerts
    for kind, rule in (("convocation", alerts.unconfirmed.convocation), ("appointment", alerts.unconfirmed.appointment)):
        yield f"UNCONFIRMED, {kind}", f"{count(rule.working_days_before, 'working day')} before, {rule.hour:%H:%M}"
    yield "SHORT_NOTICE", f"at once, when known less than {duration(alerts.short_notice_below)} before"
    for name, listed in (("ACTUALISATION_AT_RISK", alerts.at_risk), ("ACTUALISATION_LAST_DAY", alerts.last_day)):
        yield name, f"{_days(listed.days_before, 'closing day')}, {listed.hour:%H:%M}, or the working day before"
    yield "ACTUALISATION_MISSED", f"next working day, {alerts.missed.hour:%H:%M}"
    yield "severity", f"critical with {count(alerts.critical_days, 'working day')} left, high with {alerts.high_days}"
    yield "CALLBACK_REQUESTED", f"at once, to be done within {count(alerts.callback_days, 'working day')}"
    waits = f"after {duration(alerts.unclaimed_hours)} of work ({duration(alerts.unclaimed_critical)} when critical)"
    yield "nobody claims it", f"{waits} the back-up, then the agency"
    yield "too many for one advisor", f"more than {alerts.budget} open: the agency's manager is told"
    yield "no outcome known", f"closed {duration(alerts.lapse_after)} after the date"


def _caps(policy: Policy) -> Iterator[tuple[str, ...]]:
    person = policy.caps.person
    own = {
        "sms": f"{person.sms_per_day} a day",
        "voice": (
            f"{person.voice_per_day} a day, {person.voice_in_30_days} in 30 days ({person.voice_in_30_days_convocation} for convocations), "
            f"{duration(person.voice_spacing)} apart"
        ),
    }
    for channel, cap in policy.caps.meeting.items():
        yield str(channel), str(cap), str(policy.caps.actualisation[channel]), own.get(str(channel), "")


def _windows(policy: Policy) -> Iterator[tuple[str, ...]]:
    for channel, windows in policy.windows.items():
        yield (str(channel), *_spans(windows))


def _spans(windows: Windows) -> Iterator[str]:
    for day in (windows.weekday, windows.saturday, windows.closed_day, windows.closing_day):
        yield ", ".join(_span(span) for span in day) or "never"


def _timers(policy: Policy) -> Iterator[tuple[str, ...]]:
    timers, letters = policy.timers, policy.letters
    yield "e-mail again after a soft failure", _row(duration(one) for one in timers.email_retries)
    yield "a call, when less than a day is left", f"{duration(timers.voice_after_first_notice)} after the first notice"
    yield "follow-up calls", f"at {_row(f'{one:%H:%M}' for one in policy.voice_slots.starts)}"
    yield (
        "a letter unanswered",
        f"{timers.letter_silence_working_days} working days after it should be there, {timers.letter_silence_hour:%H:%M}",
    )
    way = f"{count(letters.production_days, 'day')} to print (before {letters.cutoff:%H:%M}), {letters.transit_days} on the way"
    yield "a letter", f"{way} ({letters.transit_days_overseas} overseas), there {letters.box_days_before} days before"
    yield "a letter that does not come back", f"{duration(letters.presumed_after)}, then it is presumed to have arrived"
    yield "somebody who says it is done", f"{duration(policy.actualisation.pause.said_done)} without a reminder"


def _limits(policy: Policy) -> Iterator[tuple[str, ...]]:
    for channel, latest in policy.not_after.items():
        alone = policy.relied_on_alone_until.get(channel)
        yield str(channel), f"{duration(alone)} before" if alone is not None else "the last posting day", f"{duration(latest)} before"


def _bundles(policy: Policy) -> Iterator[tuple[str, ...]]:
    for channel, most in policy.bundle.duties.items():
        yield str(channel), f"{count(most, 'duty', 'duties')}{f', {policy.sms.bundle_parts} parts' if channel == 'sms' else ''}"


def _link(policy: Policy) -> Iterator[tuple[str, ...]]:
    yield "the right date", f"within {duration(policy.link.early_suspect)} of sending: a machine may have pressed"
    yield "the wrong date", f"never; within {duration(policy.link.decoy_suspect)} it is a machine's"


def _days(number: int, what: str = "date", on_the_day: str = "on the day") -> str:
    return on_the_day if number == 0 else f"{count(number, 'day')} before the {what}"


def _spread(span: timedelta) -> str:
    return duration(span) if span else ""


def _span(span: Span) -> str:
    return f"{span[0]:%H:%M}-{span[1]:%H:%M}"


def _row(words: Iterable[str]) -> str:
    return ", ".join(str(word) for word in words)
