"""E-mails to staff, whole: to whom, in whose zone, about which lines, and under which key: one e-mail has one (§10.13)."""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import pytest

from services.core.alerts.pushing import addresses, crowd_push, push_at, pushes_due
from services.core.environment import Environment
from services.core.model import Advisor, Agency, Alert, AlertId
from services.core.ports.mailbox import Crowd, Push, StaffNote, Unpushed
from services.core.words import AlertType, Routed, Severity
from tests.unit.core.scene import LEILA, environment, paris

#: the agency of Saint-Denis is in its evening while Paris has its afternoon
_REUNION = "Indian/Reunion"
_TUESDAY = paris("2026-12-01", "10:00", _REUNION)
_DUTY = "astreinte@reunion.example"
_D, _H, _S = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


def _env(duty: str | None = _DUTY, email: str = "zoe@reunion.example") -> Environment:
    agency = Agency(agency_id="reu", name="Saint-Denis", phone="3949", address="", postal_code="97400", duty_email=duty)
    zoe = Advisor(advisor_id="zoe", name="Zoé", agency_id="reu", email=email)
    return replace(
        environment(),
        agencies={**environment().agencies, "reu": agency},
        advisors={**environment().advisors, "zoe": zoe},
        _residences={},
        _working={},
    )


def _line(alert_id: str = "al:1", severity: Severity = Severity.HIGH, at: datetime = _TUESDAY - _D, **changed: Any) -> Unpushed:
    alert = Alert(
        alert_id=AlertId(alert_id),
        type=AlertType.UNCONFIRMED,
        severity=severity,
        person_id=LEILA,
        agency_id="reu",
        advisor_id="zoe",
        routed=Routed.REFERENT,
        next_action="call_before_deadline",
        act_by=_TUESDAY + _D,
        raised_at=at,
        updated_at=at,
        routed_at=at,
    )
    return Unpushed(alert=replace(alert, **changed), first_name="Leila")


def _key(words: str) -> str:
    return f"staff-{blake2b(words.encode(), digest_size=12).hexdigest()}"


def _push(note: StaffNote, words: str, *lines: Unpushed, **changed: Any) -> Push:
    about = {"to": ("zoe@reunion.example", _DUTY), "zone": _REUNION, "advisor_id": "zoe", "name": "Zoé", "lines": lines, **changed}
    return Push(note=note, key=_key(words), **about)


def test_a_digest_for_each_list() -> None:
    """One e-mail for an advisor, one for the agency: with its lines as they come; the key names the day where the agency is."""
    late, soon = _line("al:2"), _line("al:1")
    ours = _line("al:3", advisor_id=None, routed=Routed.AGENCY)
    now = paris("2026-12-01", "08:00", _REUNION)
    assert pushes_due([late, ours, soon], _env(), now) == [
        _push(StaffNote.DIGEST, "digest|reu||2026-12-01|al:3", ours, to=(_DUTY,), advisor_id=None, name=""),
        _push(StaffNote.DIGEST, "digest|reu|zoe|2026-12-01|al:1|al:2", late, soon),
    ]


def test_the_day_of_a_digest_is_the_agency_s() -> None:
    """On Reunion it is Wednesday while Paris is still in Tuesday: another digest, another key."""
    critical = _line(severity=Severity.CRITICAL)
    night = paris("2026-12-01", "22:00")
    assert pushes_due([_line()], _env(), night) == []
    morning = paris("2026-12-02", "08:00", _REUNION)
    assert [push.key for push in pushes_due([_line()], _env(), morning)] == [_key("digest|reu|zoe|2026-12-02|al:1")]
    assert [push.to for push in pushes_due([critical], _env(), night)] == [(_DUTY,)]


def test_each_critical_alert_is_an_e_mail() -> None:
    """At once; its key changes with the list on which it stands and with its severity. They come before the digests."""
    critical = _line(severity=Severity.CRITICAL, at=_TUESDAY)
    moved = replace(critical, alert=replace(critical.alert, routed_at=None, raised_at=_TUESDAY - _H))
    found = pushes_due([_line("al:9"), critical, moved], _env(), _TUESDAY)
    assert found == [
        _push(StaffNote.PUSH, f"push|al:1|{_TUESDAY.isoformat()}|critical", critical),
        _push(StaffNote.PUSH, f"push|al:1|{(_TUESDAY - _H).isoformat()}|critical", moved),
        _push(StaffNote.DIGEST, "digest|reu|zoe|2026-12-01|al:9", _line("al:9")),
    ]


def test_nobody_has_an_address() -> None:
    """Then no e-mail is made."""
    assert pushes_due([_line()], _env(duty=None, email=""), _TUESDAY) == []


@pytest.mark.parametrize(
    ("severity", "routed", "due"),
    [
        # critical: at once when there is a duty address, whatever the hour
        (Severity.CRITICAL, paris("2026-12-01", "22:00", _REUNION), paris("2026-12-01", "22:00", _REUNION)),
        # others: 08:00 of the next working day after they came to this list
        (Severity.HIGH, paris("2026-12-01", "07:59", _REUNION), paris("2026-12-01", "08:00", _REUNION)),
        (Severity.HIGH, paris("2026-12-01", "08:00", _REUNION), paris("2026-12-02", "08:00", _REUNION)),
        (Severity.INFO, paris("2026-12-04", "12:00", _REUNION), paris("2026-12-07", "08:00", _REUNION)),
        # on a Saturday: Monday's
        (Severity.INFO, paris("2026-12-05", "07:00", _REUNION), paris("2026-12-07", "08:00", _REUNION)),
    ],
)
def test_when_an_e_mail_is_due(severity: Severity, routed: datetime, due: datetime) -> None:
    """Seen from when it came to the list."""
    assert push_at(_line(severity=severity, at=routed).alert, _env(), routed) == due


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (paris("2026-12-01", "18:00", _REUNION), paris("2026-12-01", "18:00", _REUNION)),
        (paris("2026-12-01", "18:00:01", _REUNION), paris("2026-12-02", "08:00", _REUNION)),
        (paris("2026-12-04", "19:00", _REUNION), paris("2026-12-07", "08:00", _REUNION)),
        (paris("2026-12-01", "07:00", _REUNION), paris("2026-12-01", "08:00", _REUNION)),
    ],
)
def test_without_a_duty_address_an_e_mail_waits_for_the_hours(now: datetime, due: datetime) -> None:
    """The hours of the agency's working days, their last minute included; what comes late waits for them whatever its severity."""
    row = _line(severity=Severity.CRITICAL, at=now).alert
    assert push_at(row, _env(duty=None), now) == due
    waited = _line(at=paris("2026-11-30", "07:00", _REUNION)).alert
    assert push_at(waited, _env(), now) == due


def test_a_critical_alert_counts_from_its_last_change() -> None:
    """It became more severe, or came to another list: whichever is later."""
    row = _line(severity=Severity.CRITICAL).alert
    for routed, updated in ((_TUESDAY, _TUESDAY - _H), (_TUESDAY - _H, _TUESDAY), (None, _TUESDAY)):
        assert push_at(replace(row, routed_at=routed, updated_at=updated), _env(), _TUESDAY + _D) == _TUESDAY


@pytest.mark.parametrize(
    ("now", "severity", "to"),
    [
        (_TUESDAY, Severity.CRITICAL, ("zoe@reunion.example", _DUTY)),
        (paris("2026-12-01", "19:00", _REUNION), Severity.CRITICAL, (_DUTY,)),
        (paris("2026-12-01", "19:00", _REUNION), Severity.HIGH, ("zoe@reunion.example", _DUTY)),
    ],
)
def test_out_of_hours_a_critical_one_goes_to_the_duty(now: datetime, severity: Severity, to: tuple[str, ...]) -> None:
    """Otherwise to the advisor, then, when that address is refused, to the agency."""
    assert addresses(_line(severity=severity).alert, _env(), now) == to
    own = addresses(_line(severity=severity).alert, _env(duty=None), now)
    assert own == ("zoe@reunion.example",)


_CROWD = Crowd(advisor_id="zoe", agency_id="reu", open=31)


def test_word_of_a_crowded_list() -> None:
    """To the agency, once a day of its own, with the advisor as staff know them; an advisor nobody told us of by their id."""
    told = Push(
        note=StaffNote.CROWDED,
        key=_key("crowded|zoe|2026-12-02"),
        to=(_DUTY,),
        zone=_REUNION,
        advisor_id="zoe",
        name="Zoé",
        open=31,
    )
    now = paris("2026-12-02", "08:00", _REUNION)
    assert crowd_push(_CROWD, _env(), now) == told
    unknown = replace(told, key=_key("crowded|ida|2026-12-02"), advisor_id="ida", name="ida")
    assert crowd_push(replace(_CROWD, advisor_id="ida"), _env(), now) == unknown


def test_a_manager_is_told_in_the_hours() -> None:
    """Not at night, and nowhere when the agency has no address."""
    assert crowd_push(_CROWD, _env(), paris("2026-12-02", "08:00", _REUNION) - _S) is None
    assert crowd_push(_CROWD, _env(), paris("2026-12-02", "18:00", _REUNION) + _S) is None
    assert crowd_push(_CROWD, _env(duty=None), _TUESDAY) is None
