"""Whatever happens to a person, in whatever order: the promises hold at every instant."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from services.core.model import Case
from services.core.ports.providers import Accepted, Outcome
from services.core.words import Channel, Choice, Identity, Kind, ReceiptStatus, ReplyChannel
from tests.properties import promises
from tests.properties.lives import START, Life, cases, outcomes, reported, sendable

_QUICK = settings(
    max_examples=120,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
_DEEP = settings(_QUICK, max_examples=3000, stateful_step_count=60, derandomize=False)

#: what becomes of every message of some days; none: no receipt comes
FATES = (None, None, ReceiptStatus.DELIVERED, ReceiptStatus.FAILED_SOFT, ReceiptStatus.NO_ANSWER, ReceiptStatus.UNKNOWN)
#: zero in one of four
SELDOM = st.integers(0, 3)


class Lives(RuleBasedStateMachine):
    """One person; each rule is something that the world does, after which the person is looked at."""

    life: Life

    @initialize(case=cases())
    def born(self, case: Case) -> None:
        """The directory and the sources have told us everything by the first midnight or later."""
        self.life = Life(case=case, now=START + timedelta(days=2, hours=1))
        self.wake = self.life.now
        self.look()

    def look(self) -> None:
        """Decide, and check everything that a decision promises."""
        life, before = self.life, self.life.case
        decision = life.decide()
        for attempt in decision.releases:
            assert life.case.person is not None
            promises.nobody_on_hold(life.case.person, life.env, life.now)
            promises.good_moment(life.case, life.env, attempt, life.now)
            promises.allowed_channel(life.case, attempt)
            promises.still_wanted(life.case, attempt, life.now)
        promises.nothing_new(life.case, life.env, life.now)
        promises.nothing_is_forgotten(life.case, decision, life.now)
        promises.evidence_only_rises(before, life.case)
        promises.nobody_is_left_alone(life.case, life.env, life.now)
        promises.nobody_is_skipped_silently(life.case, decision)
        self.wake = life.wake_at(decision) or life.now

    @rule()
    def time_passes(self) -> None:
        """To the next instant that the person wants to be looked at."""
        self.life.now = max(self.wake, self.life.now)
        self.look()

    @rule(minutes=st.integers(1, 60 * 36))
    def an_outage(self, minutes: int) -> None:
        """Nobody looks for a while; what was due meanwhile is decided late."""
        self.life.now += timedelta(minutes=minutes)
        self.look()

    @precondition(lambda self: bool(sendable(self.life.case)))
    @rule(outcome=outcomes, later=st.sampled_from([0, 0, 0, 5, 600]))
    def a_message_goes(self, outcome: Outcome, later: int) -> None:
        """Delivery takes the oldest message, now or late."""
        life = self.life
        life.now += timedelta(minutes=later)
        before, case = len(life.envelopes), life.case
        life.deliver(sendable(life.case)[0], outcome)
        for claimed in life.envelopes[before:]:
            promises.good_moment(case, life.env, claimed, life.now)
            promises.allowed_channel(case, claimed)
            promises.still_wanted(case, claimed, life.now)
        self.after_delivery()

    def after_delivery(self) -> None:
        """Who is not looked at now must not need it, and is looked at when something may be due again."""
        asked = self.life.asked
        soonest = self.wake if asked is None else min(self.wake, asked)
        if soonest > self.life.now:
            promises.can_wait(self.life.case, self.life.env, self.life.now, soonest)
            self.wake = soonest
        else:
            self.look()

    @precondition(lambda self: bool(reported(self.life.case)))
    @rule(status=st.sampled_from(ReceiptStatus), which=st.integers(0, 20), part=st.sampled_from([None, 1, 2]))
    def a_receipt(self, status: ReceiptStatus, which: int, part: int | None) -> None:
        """A provider tells of any message that was handed over, however old."""
        messages = reported(self.life.case)
        self.life.receive(messages[which % len(messages)], status, self.life.now + timedelta(minutes=1), part=part)
        self.look()

    @rule(days=st.integers(1, 6), fate=st.sampled_from(FATES))
    def a_few_ordinary_days(self, days: int, fate: ReceiptStatus | None) -> None:
        """Delivery takes every message as it comes, and the world treats them all alike."""
        life = self.life
        end = life.now + timedelta(days=days)
        while self.wake < end:
            life.now = max(self.wake, life.now)
            self.look()
            while waiting := [one for one in sendable(life.case) if (one.try_at or life.now) <= life.now]:
                sent = life.deliver(waiting[0], Accepted(provider_ref="ref"))
                if sent is not None and fate is not None:
                    self.after_delivery()
                    life.receive(sent, fate, life.now + timedelta(seconds=5))
                    self.look()
                else:
                    self.after_delivery()
            if self.wake <= life.now:
                break

    @rule(choice=st.sampled_from(Choice), channel=st.sampled_from(ReplyChannel), identity=st.sampled_from(Identity), often=SELDOM)
    def an_answer(self, choice: Choice, channel: ReplyChannel, identity: Identity, often: int) -> None:
        """The person, a machine or somebody else answers."""
        self.life.now += timedelta(seconds=30)
        if not often:
            self.life.says(choice, channel, identity)
        self.look()

    @rule(
        kind=st.sampled_from(["rescheduled", "rescheduled", "cancelled", "attended", "missed", "completed"]),
        which=st.integers(0, 2),
        hours=st.integers(1, 24 * 20),
        often=SELDOM,
    )
    def the_source(self, kind: str, which: int, hours: int, often: int) -> None:
        """A duty is moved, cancelled, done or missed."""
        duties = [row for row in self.life.case.obligations if (row.kind is Kind.ACTUALISATION) == (kind == "completed")]
        if duties and not often:
            self.life.happens(kind, duties[which % len(duties)], hours)
        self.look()

    @rule(
        forbidden=st.frozensets(st.sampled_from(Channel), max_size=1),
        dead=st.frozensets(st.sampled_from(["tel", "mail", "home"]), max_size=1),
        often=SELDOM,
    )
    def the_directory(self, forbidden: frozenset[Channel], dead: frozenset[str], often: int) -> None:
        """Another wish, one point less; a hold ends."""
        if not often:
            self.life.directory(forbidden=forbidden, dead=dead)
        self.look()

    @invariant()
    def nothing_twice_and_never_too_much(self) -> None:
        """Hold in every stored case, whatever wrote it."""
        if hasattr(self, "life"):
            promises.each_item_once(self.life.case)
            promises.caps_hold(self.life.case, self.life.env)


def test_every_promise_holds_in_every_life() -> None:
    """Random histories: no rule raises, loops, repeats itself, sends twice, too late, at night or where nobody may."""
    run: Callable[..., None] = run_state_machine_as_test
    run(Lives, settings=_QUICK)


@pytest.mark.slow
def test_every_promise_holds_in_many_more_lives() -> None:
    """The same, deeper and with fresh dice."""
    run: Callable[..., None] = run_state_machine_as_test
    run(Lives, settings=_DEEP)
