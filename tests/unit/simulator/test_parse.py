"""Reading scenario files: the given ones, and everything that a file may say."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.core.words import Channel, Choice, DeclaredBy, PointKind, Step
from services.simulator.scenario.file import (
    AdvisorAction,
    Bounds,
    Contains,
    Crash,
    Equals,
    Matches,
    MeetingEvent,
    OpenLink,
    Outage,
    ReceiptEvent,
    ReplyEvent,
    Scenario,
)
from services.simulator.scenario.nodes import Mistake
from services.simulator.scenario.parse import months_before, parse, parse_text

SCENARIOS = Path(__file__).parents[2] / "acceptance" / "scenarios"


def read(text: str) -> Scenario:
    """A file that must be right."""
    scenario = parse_text(text, "story.yaml")
    assert isinstance(scenario, Scenario), "\n".join(str(mistake) for mistake in scenario)
    return scenario


def mistakes(text: str) -> list[Mistake]:
    """A file that must be wrong."""
    found = parse_text(text, "story.yaml")
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_given_files_are_read(path: Path) -> None:
    """Every scenario of the acceptance suite is a correct file, named like its scenario."""
    scenario = parse(path)
    assert isinstance(scenario, Scenario), "\n".join(str(mistake) for mistake in scenario)
    assert scenario.name == path.stem
    assert scenario.expect


def test_what_need_not_be_said_has_a_default() -> None:
    """Three lines make a person: referent, back-up, agency, verification and the end of the play follow."""
    scenario = read(
        """
        scenario: short
        people: {luc: {phone: "06 12 34 56 78"}}
        events:
          - {at: 2026-11-20T16:00, event: convocation.issued, id: cv1, person: luc, starts: 2026-12-01T10:30}
        """
    )
    luc = scenario.people["luc"]
    assert (luc.first_name, luc.last_name, luc.referent, luc.backup, luc.agency) == ("Luc", "Test", "adv", "bak", "agence")
    assert luc.postal_code == "75000"
    assert scenario.start == datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
    assert scenario.until == datetime(2026, 12, 2, 9, 30, tzinfo=UTC)
    assert luc.points[0].verified_at == datetime(2026, 5, 20, 13, 0, tzinfo=UTC)
    assert scenario.providers == dict.fromkeys(Channel, ("a",))
    assert scenario.agencies["agence"].opening == dict.fromkeys(range(5), (("09:00", "16:30"),))
    assert scenario.agencies["agence"].phone == "3949"


def test_a_given_referent_brings_backup_and_agency() -> None:
    """A person who names a referent gets that referent's back-up and agency."""
    scenario = read(
        """
        scenario: staff
        agencies: {lille: {postal_code: "59000", opening: "mon-thu 09:00-12:30 13:30-16:30, sat 09:00-12:00", closures: [2026-12-24]}}
        advisors:
          durand: {agency: lille, backup: petit, absences: [{from: 2026-12-05, to: 2026-12-12}]}
          petit: {agency: lille}
        people: {luc: {referent: durand}}
        """
    )
    luc, lille = scenario.people["luc"], scenario.agencies["lille"]
    assert (luc.backup, luc.agency, luc.postal_code) == ("petit", "lille", "59000")
    assert scenario.advisors["durand"].absences == ((date(2026, 12, 5), date(2026, 12, 12)),)
    assert lille.opening[3] == (("09:00", "12:30"), ("13:30", "16:30"))
    assert 4 not in lille.opening
    assert lille.opening[5] == (("09:00", "12:00"),)
    assert lille.closures == (date(2026, 12, 24),)


def test_times_belong_to_the_scenarios_zone() -> None:
    """A time without an offset is the zone's; with one it is its own; a date is its midnight."""
    scenario = read(
        """
        scenario: zones
        zone: Indian/Reunion
        until: 2027-01-02
        people: {nadia: {verified: 2026-06-01, phone: "0692 12 34 56"}}
        events:
          - {at: 2026-12-28T10:00, event: actualisation.opened, person: nadia, period: "2026-12"}
          - {at: "2026-12-28T06:30:00Z", event: erase, person: nadia}
          - {at: 2026-12-28 07:30:00+01:00, event: erase, person: nadia}
        """
    )
    assert [event.at for event in scenario.events] == [
        datetime(2026, 12, 28, 6, 0, tzinfo=UTC),
        datetime(2026, 12, 28, 6, 30, tzinfo=UTC),
        datetime(2026, 12, 28, 6, 30, tzinfo=UTC),
    ]
    assert scenario.until == datetime(2027, 1, 1, 20, 0, tzinfo=UTC)
    assert scenario.people["nadia"].points[0].verified_at == datetime(2026, 5, 31, 20, 0, tzinfo=UTC)


def test_contacts_may_differ_in_origin() -> None:
    """Points listed under `contacts` keep who declared them and whether anybody verified them."""
    scenario = read(
        """
        scenario: contacts
        people:
          luc:
            contacts:
              - {channel: email, value: luc@fai.example, declared_by: adviser, verified: never}
              - {channel: phone, value: "06 12 34 56 78", carrier: SFR}
              - {channel: phone, value: "01 40 01 00 00"}
              - {channel: postal, lines: ["LUC TEST", "59000 LILLE"]}
        """
    )
    points = {point.contact_id: point for point in scenario.people["luc"].points}
    assert set(points) == {"luc:phone", "luc:phone-2", "luc:email", "luc:postal"}
    assert (points["luc:email"].declared_by, points["luc:email"].verified_at) == (DeclaredBy.ADVISER, None)
    assert (points["luc:phone"].carrier, points["luc:phone-2"].carrier) == ("SFR", None)
    assert points["luc:postal"].lines == ("LUC TEST", "59000 LILLE")
    assert points["luc:phone"].verified_at is not None


def test_events_of_every_word_are_typed() -> None:
    """Each word of the language becomes its own type, in order of instant."""
    scenario = read(
        """
        scenario: words
        providers: {sms: [a, b]}
        people: {luc: {phone: "06 12 34 56 78"}}
        events:
          - {at: 2026-11-25T12:00, event: advisor_action, advisor: adv, obligation: "rdv:rdv1", action: handled}
          - {at: 2026-11-25T10:00, event: appointment.scheduled, id: rdv1, person: luc, starts: 2026-12-03T14:00, mandatory: true}
          - {at: 2026-11-25T10:05, event: reply, person: luc, channel: sms, text: "je viens", to: {step: N0, channel: sms}}
          - {at: 2026-11-25T10:06, event: reply, sender: "+33600000000", channel: voice, keys: "1 2"}
          - {at: 2026-11-25T10:07, event: receipt, person: luc, channel: sms, status: delivered, forged: true,
             reported_at: 2026-11-25T10:01}
          - {at: 2026-11-25T10:08, event: open_link, person: luc, method: POST, choice: decoy}
          - {at: 2026-11-25T10:09, event: crash, process: planner, when: before_commit, restart_after: 1m}
          - {event: outage, from: 2026-11-25T10:10, to: 2026-11-25T11:00, of: "provider:b"}
          - {at: 2026-11-25T11:30, event: appointment.missed, id: rdv1}
        """
    )
    meeting, reply, keys, receipt, link, crash, outage, missed, action = scenario.events
    assert isinstance(meeting, MeetingEvent)
    assert meeting.mandatory is True
    assert isinstance(reply, ReplyEvent)
    assert reply.to is not None
    assert reply.to.step is Step.N0
    assert isinstance(keys, ReplyEvent)
    assert (keys.person, keys.keys) == (None, ("1", "2"))
    assert isinstance(receipt, ReceiptEvent)
    assert receipt.forged
    assert receipt.reported_at == datetime(2026, 11, 25, 9, 1, tzinfo=UTC)
    assert isinstance(link, OpenLink)
    assert link.choice is Choice.DECOY
    assert isinstance(crash, Crash)
    assert crash.restart_after == timedelta(minutes=1)
    assert isinstance(outage, Outage)
    assert (outage.of, outage.until - outage.at) == ("provider:b", timedelta(minutes=50))
    assert isinstance(missed, MeetingEvent)
    assert missed.person == "luc"
    assert isinstance(action, AdvisorAction)


def test_world_rules_keep_every_condition() -> None:
    """A rule says for whom, which attempt, when and through whom, and what happens then."""
    scenario = read(
        """
        scenario: world
        providers: {sms: [a, b]}
        people: {luc: {phone: "06 12 34 56 78"}}
        world:
          - {channel: sms, person: luc, step: R1, nth: 2, between: [2026-12-01T10:00, 2026-12-01T11:00], carrier: SFR, provider: b,
             then: [{after: 5s, receipt: delivered}, {after: 1h30m, reply: "1"}]}
          - {channel: voice, then: {after: 35s, receipt: keys "1 1"}}
          - {channel: letter, then: {at: 2026-12-10T09:00, receipt: returned N02}}
          - {channel: email, then: {hang: 30s}}
          - {channel: email, then: {refuse: "421 4.7.0 OFR004_104"}}
        """
    )
    first, voice, letter, hang, refuse = scenario.world
    assert (first.nth, first.step, first.carrier, first.provider) == (2, Step.R1, "SFR", "b")
    assert [reaction.after for reaction in first.then] == [timedelta(seconds=5), timedelta(minutes=90)]
    assert voice.then[0].receipt == 'keys "1 1"'
    assert letter.then[0].at == datetime(2026, 12, 10, 8, 0, tzinfo=UTC)
    assert hang.then[0].hang == timedelta(seconds=30)
    assert refuse.then[0].refuse == "421 4.7.0 OFR004_104"


def test_expectations_are_read_into_what_they_compare() -> None:
    """Plain values, patterns, lists, bounds and counts each have their type; the source is kept for the failure."""
    scenario = read(
        """
        scenario: expectations
        people: {luc: {phone: "06 12 34 56 78"}}
        events:
          - {at: 2026-11-25T10:00, event: appointment.scheduled, id: rdv1, person: luc, starts: 2026-12-03T14:00}
        expect:
          - {what: sent, at: 2026-11-25T10:00, person: luc, parts: {max: 2}, text: '/R[ée]pondez/i', obligations: ["rdv:rdv1"]}
          - {only: {what: sent, person: luc, times: {min: 1, max: 3}, after: 2026-11-25T10:00}}
          - {what: alert, never: true}
        """
    )
    sent, only, never = scenario.expect
    assert sent.between == (datetime(2026, 11, 25, 9, 0, tzinfo=UTC),) * 2
    assert sent.fields["parts"] == Bounds(least=None, most=2.0)
    pattern = sent.fields["text"]
    assert isinstance(pattern, Matches)
    assert pattern.pattern.search("RÉPONDEZ 1")
    assert sent.fields["obligations"] == Contains(elements=(Equals(value="rdv:rdv1"),))
    assert (sent.least, sent.most) == (1, None)
    assert (only.least, only.most, only.after) == (1, 3, datetime(2026, 11, 25, 9, 0, tzinfo=UTC))
    assert (never.least, never.most) == (0, 0)
    assert only.source.startswith("{only: {what: sent")


def test_policy_values_keep_their_kind() -> None:
    """Overrides are numbers, lists and texts, as the policy file has them."""
    scenario = read('{scenario: p, policy: {actualisation.spread: 15m, caps.meeting.sms: 2, windows.sms.saturday: [["09:30", "18:00"]]}}')
    assert scenario.policy == {"actualisation.spread": "15m", "caps.meeting.sms": 2, "windows.sms.saturday": [["09:30", "18:00"]]}


def test_all_mistakes_come_together_with_line_and_path() -> None:
    """One reading finds every mistake; each says where it is and, when it can, what was meant."""
    found = mistakes(
        "scenario: wrong\n"
        "zone: Europe/Pari\n"
        "titel: oops\n"
        "people:\n"
        "  luc: {phone: '06', prefered: sms, preferred: smss}\n"
        "world:\n"
        "  - {channel: sms, then: {after: 5 s, receipt: delivred}}\n"
        "events:\n"
        "  - {at: 2026-13-01T10:00, event: convocation.issued, id: cv1, person: luk, starts: 2026-12-01T10:30}\n"
        "  - {at: 2026-12-01T10:00, event: convocation.isued, id: cv1}\n"
        "expect:\n"
        "  - {what: sent, chanel: sms, person: luc}\n"
        "  - {what: sent, channel: sms, person: leo, status: delivered}\n"
        "  - {what: alert, type: CONTACT_DED}\n"
        "  - {what: sent, obligations: ['cv:cv2'], text: '/(/'}\n"
    )
    said = [(mistake.line, mistake.path) for mistake in found]
    assert said == [
        (2, "zone"),
        (3, "titel"),
        (5, "people.luc.preferred"),
        (5, "people.luc.prefered"),
        (7, "world[0].then.after"),
        (7, "world[0].then.receipt"),
        (9, "events[0].person"),
        (9, "events[0].at"),
        (10, "events[1].event"),
        (12, "expect[0].chanel"),
        (13, "expect[1].person"),
        (13, "expect[1].status"),
        (14, "expect[2].type"),
        (15, "expect[3].obligations[0]"),
        (15, "expect[3].text"),
    ]
    by_path = {mistake.path: str(mistake) for mistake in found}
    assert by_path["people.luc.prefered"] == "story.yaml:5: people.luc.prefered: unknown key, did you mean `preferred`?"
    assert by_path["events[0].person"].endswith("unknown word `luk`, did you mean `luc`?")
    assert "did you mean `channel`?" in by_path["expect[0].chanel"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scenario: [", "not YAML"),
        ("", "not a scenario"),
        ("- a\n- b", "not a scenario"),
        ("title: x", "`scenario` is missing"),
        ("{scenario: a, scenario: b}", "the same key twice"),
        ("{scenario: a, people: {luc: {verified: yesterday}}}", "a date and time is expected"),
        ("{scenario: a, people: {luc: {hold: {until: 2026-12-01}}}}", "`reason` is missing"),
        ('{scenario: a, people: {luc: {quiet: [{from: "22:00"}]}}}', "`to` is missing"),
        ('{scenario: a, people: {luc: {quiet: [{from: "22h", to: "07:00"}]}}}', "an hour of the day is expected, such as 22:00"),
        ("{scenario: a, people: {luc: {missed_actualisations: 4}}}", "at most 3"),
        ("{scenario: a, people: {luc: {referent: nobody}}}", "unknown word `nobody`"),
        ("{scenario: a, crowds: {many: {count: 3, like: luc}}}", "names the person whom the members resemble"),
        ("{scenario: a, people: {luc: {}}, crowds: {luc: {count: 3, like: luc}}}", "a person has this name already"),
        ("{scenario: a, agencies: {x: {opening: always}}}", "opening hours are expected"),
        ("{scenario: a, providers: {fax: [a]}}", "unknown channel"),
        ("{scenario: a, world: [{channel: sms, then: {after: 5s}}]}", "one of `receipt`, `reply`, `refuse` and `hang`"),
        ("{scenario: a, world: [{channel: voice, then: {after: 5s, reply: '1'}}]}", "nobody writes back to a voice"),
        ("{scenario: a, world: [{channel: voice, then: {after: 5s, receipt: delivered}}]}", "unknown word for voice"),
        ("{scenario: a, events: [{at: 2026-12-01T10:00, event: outage, of: moon, to: 2026-12-01T11:00}]}", "unknown word `moon`"),
        (
            "{scenario: a, people: {luc: {}}, events: [{at: 2026-12-01T10:00, event: reply, person: luc, channel: sms}]}",
            "a `choice`, a `text`",
        ),
        (
            "{scenario: a, people: {luc: {}}, events: [{at: 2026-12-01T10:00, event: open_link, person: luc, method: POST}]}",
            "a POST has a `choice`",
        ),
        ("{scenario: a, people: {luc: {}}, events: [{at: 2027-03-28T02:30, event: erase, person: luc}]}", "does not exist"),
        ("{scenario: a, people: {luc: {}}, events: [{event: erase, person: luc}]}", "`at` is missing"),
        ("{scenario: a, expect: [{only: {what: sent}}]}", "`times` is missing"),
        ("{scenario: a, expect: [{what: sent, times: 2, never: true}]}", "`times` or `never`"),
        ("{scenario: a, expect: [{what: sent, at: [2026-12-02T10:00, 2026-12-01T10:00]}]}", "lies before the first"),
        ("{scenario: a, people: {luc: {}}, crowds: {c: {count: 2, like: luc}}, expect: [{what: sent, person: c}]}", "is a crowd"),
        ("{scenario: a, people: {luc: {}}, crowds: {c: {count: 2, like: luc}}, expect: [{what: sent, person: c-3}]}", "unknown word `c-3`"),
    ],
)
def test_mistakes_say_what_is_expected(text: str, message: str) -> None:
    """Each kind of mistake has its own sentence."""
    assert any(message in mistake.message for mistake in mistakes(text)), [str(mistake) for mistake in mistakes(text)]


def test_an_unreadable_file_is_one_mistake(tmp_path: Path) -> None:
    """A file that is not there, or is not UTF-8, is said so."""
    absent = parse(tmp_path / "absent.yaml")
    assert isinstance(absent, list)
    assert "cannot be read" in absent[0].message
    (tmp_path / "latin.yaml").write_bytes(b"title: Le\xefla")
    latin = parse(tmp_path / "latin.yaml")
    assert isinstance(latin, list)
    assert latin[0].message == "is not UTF-8"


def test_a_landing_on_a_short_month_is_its_last_day() -> None:
    """Six months before 31 August is the last day of February."""
    assert months_before(datetime(2026, 8, 31, 9, 0, tzinfo=UTC), 6) == datetime(2026, 2, 28, 9, 0, tzinfo=UTC)


def test_points_are_ordered_by_kind() -> None:
    """A person's phones come first, whatever the file's order."""
    scenario = read('{scenario: a, people: {luc: {email: l@x.example, phones: ["0140010000", "0612345678"]}}}')
    assert [point.kind for point in scenario.people["luc"].points] == [PointKind.PHONE, PointKind.PHONE, PointKind.EMAIL]
