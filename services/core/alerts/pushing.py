"""Which alerts are e-mailed to whom, and when (§10.13): critical at once, the others in the 08:00 digest; crowded lists to the manager."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from services.core.calendar import WorkingDays
from services.core.environment import Environment
from services.core.model import Alert
from services.core.period import closing_after
from services.core.ports.mailbox import Crowd, Lost, Push, StaffNote, Unpushed
from services.core.words import Severity


def pushes_due(waiting: Iterable[Unpushed], env: Environment, now: datetime) -> list[Push]:
    """E-mails to send now: one for each critical alert, one digest for each list."""
    due = [line for line in waiting if push_at(line.alert, env, now) <= now]
    critical = [line for line in due if line.alert.severity is Severity.CRITICAL]
    lists: dict[tuple[str, str], list[Unpushed]] = {}
    for line in due:
        if line.alert.severity is not Severity.CRITICAL:
            lists.setdefault((line.alert.agency_id, line.alert.advisor_id or ""), []).append(line)
    found = [_push(line, env, now) for line in critical]
    found += [_digest(lines, env, now) for _, lines in sorted(lists.items())]
    return [push for push in found if push.to]


def push_at(alert: Alert, env: Environment, now: datetime) -> datetime:
    """When its e-mail is due, as seen from ``now``.

    Critical: at once; outside the hours of the agency's working days too, when the agency has a duty address. The others: at the start
    of the next working day after they came to this list; what was late then waits for the hours.
    """
    working = env.working_days(alert.agency_id)
    since = alert.routed_at or alert.raised_at
    if alert.severity is Severity.CRITICAL:
        return max(since, alert.updated_at) if _duty(alert.agency_id, env) else _in_hours(working, env, max(since, alert.updated_at, now))
    hour = env.policy.alerts.day_starts
    day = working.on_or_after(working.local(since).date())
    if working.instant(day, hour) <= since:
        day = working.shift(day, 1)
    return max(working.instant(day, hour), _in_hours(working, env, now))


def crowd_push(crowd: Crowd, env: Environment, now: datetime) -> Push | None:
    """Word to the agency's manager, once a working day inside the hours; none at other times, and when the agency has no address."""
    working, duty = env.working_days(crowd.agency_id), _duty(crowd.agency_id, env)
    if not duty or _in_hours(working, env, now) > now:
        return None
    advisor = env.advisors.get(crowd.advisor_id)
    return Push(
        note=StaffNote.CROWDED,
        key=_key("crowded", crowd.advisor_id, working.local(now).date().isoformat()),
        to=duty,
        zone=working.zone,
        advisor_id=crowd.advisor_id,
        name=advisor.name if advisor else crowd.advisor_id,
        open=crowd.open,
    )


def lost_push(lost: Lost, env: Environment, now: datetime) -> Push | None:
    """Word to an agency whose people's SMS were lost, once a day inside its hours; outside them too when it does not work again before
    the closing (§10.16, SC-23). None at other times, and when the agency has no address.
    """
    working, duty = env.working_days(lost.agency_id), _duty(lost.agency_id, env)
    closes = closing_after(now, working.zone) or lost.closes_at
    if not duty or now < _in_hours(working, env, now) < closes:
        return None
    return Push(
        note=StaffNote.LOST,
        key=_key("lost", lost.agency_id, working.local(now).date().isoformat()),
        to=duty,
        zone=working.zone,
        advisor_id=None,
        name="",
        lost=replace(lost, closes_at=closes),
    )


def addresses(alert: Alert, env: Environment, now: datetime) -> tuple[str, ...]:
    """To whom: the advisor whose list it is, else the agency's duty; outside the hours a critical one goes to the duty (§10.13)."""
    duty = _duty(alert.agency_id, env)
    advisor = env.advisors.get(alert.advisor_id or "")
    own = (advisor.email,) if advisor is not None and advisor.email else ()
    late = alert.severity is Severity.CRITICAL and _in_hours(env.working_days(alert.agency_id), env, now) > now
    return duty if late and duty else (*own, *duty)


def _push(line: Unpushed, env: Environment, now: datetime) -> Push:
    alert = line.alert
    since = (alert.routed_at or alert.raised_at).isoformat()
    return _about((line,), StaffNote.PUSH, _key("push", alert.alert_id, since, alert.severity), env, now)


def _digest(lines: Sequence[Unpushed], env: Environment, now: datetime) -> Push:
    first = lines[0].alert
    day = env.working_days(first.agency_id).local(now).date().isoformat()
    # what it is about is in the key: another digest of the same day is another e-mail
    about = sorted(line.alert.alert_id for line in lines)
    return _about(tuple(lines), StaffNote.DIGEST, _key("digest", first.agency_id, first.advisor_id or "", day, *about), env, now)


def _about(lines: tuple[Unpushed, ...], note: StaffNote, key: str, env: Environment, now: datetime) -> Push:
    alert = lines[0].alert
    advisor = env.advisors.get(alert.advisor_id or "")
    return Push(
        note=note,
        key=key,
        to=addresses(alert, env, now),
        zone=env.working_days(alert.agency_id).zone,
        advisor_id=alert.advisor_id,
        name=advisor.name if advisor else "",
        lines=lines,
    )


def _duty(agency_id: str, env: Environment) -> tuple[str, ...]:
    agency = env.agencies.get(agency_id)
    return (agency.duty_email,) if agency is not None and agency.duty_email else ()


def _in_hours(working: WorkingDays, env: Environment, at: datetime) -> datetime:
    """This instant when the agency works then, else the start of its next working day."""
    alerts = env.policy.alerts
    day = working.on_or_after(working.local(at).date())
    if at > working.instant(day, alerts.day_ends):
        day = working.shift(day, 1)
    return max(at, working.instant(day, alerts.day_starts))


def _key(*words: str) -> str:
    return f"staff-{blake2b('|'.join(words).encode(), digest_size=12).hexdigest()}"
