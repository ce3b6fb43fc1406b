"""The policy's numbers about contact points, alarms and retention, as rows for people; and how a duration is written."""

from collections.abc import Iterator
from datetime import timedelta

from services.commands.counts import count
from services.core.policy import Policy
from services.core.words import AlarmType

_UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "m"), (timedelta(seconds=1), "s"))


def duration(span: timedelta) -> str:
    """As in the file, in the largest unit that fits: "90m", "2d"; nothing is "0s"."""
    for unit, word in _UNITS:
        if span and span % unit == timedelta(0):
            return f"{span // unit}{word}"
    return "0s"


def contacts(policy: Policy) -> Iterator[tuple[str, ...]]:
    """From an unanswered question to what is forgotten (§10.7)."""
    rule = policy.contacts
    asked = f"nobody answered within {duration(rule.answer_within)} ({duration(rule.letter_answer_within)} by letter)"
    yield "CONTACT_SUSPECT", f"{asked}: {rule.act_within_days} working days to find a better one"
    yield "suspect", f"{rule.silent_duties} duties in a row ended without an answer there"
    yield "suspect", f"nobody answered or verified it for {duration(rule.without_human)}"
    yield "suspect", f"it works again {duration(rule.reassigned_after)} after it was dead"
    yield "suspect", f"the mailbox was full for {rule.full_mailbox_duties} duties, or refused on {rule.soft_failure_days} days"
    yield "suspect", f"the line was out of order {rule.out_of_order} times"
    yield "not called", f"{rule.rejected_calls} calls were rejected"
    yield "not alone", f"its value is younger than {duration(rule.changed_before)}"
    yield "known again", f"a dead value, {duration(rule.remembered)} after the directory dropped it"


def alarms(policy: Policy) -> Iterator[tuple[str, ...]]:
    """One row for each alarm, in the order of ``AlarmType``."""
    watch = policy.watch
    low, refused, silent = watch.receipts_low, watch.policy_rejections, watch.feed_silent
    late, down, files, lost = watch.overdue_work, watch.provider_down, watch.unusual_access, watch.late_after_outage
    found = {
        AlarmType.RECEIPTS_LOW: f"below {low.below_percent} % of {low.messages} SMS or more within {duration(low.window)}, per network",
        AlarmType.PROVIDER_DOWN: f"{down.count} not taken within {duration(down.within)}, none taken; paused {duration(down.pause)}",
        AlarmType.POLICY_REJECTIONS: (
            f"above {refused.above_percent} % of {refused.messages} messages or more within {duration(refused.within)}; "
            f"paused {duration(refused.pause)}"
        ),
        AlarmType.FEED_SILENT: (
            f"no completion for {duration(silent.silent)}, working days {silent.day_starts:%H:%M}-{silent.day_ends:%H:%M}"
        ),
        AlarmType.DEAD_LETTERS: f"{watch.dead_letters.count} within {duration(watch.dead_letters.within)}",
        AlarmType.OVERDUE_WORK: (
            f"a person waits {duration(late.wakes)}, in a campaign {duration(late.campaign)} until "
            f"{count(late.campaign_near_days, 'day', 'days')} before it closes, an event {duration(late.outbox)}, "
            f"a message {duration(late.released)}, a reader {duration(late.stalled)}"
        ),
        AlarmType.LATE_AFTER_OUTAGE: (
            f"{count(lost.duties, 'duty', 'duties')} or more lost a message because we were {duration(policy.outage.late_after)} late"
        ),
        AlarmType.FORGED_CALLBACKS: f"{watch.forged_callbacks.count} within {duration(watch.forged_callbacks.within)}",
        AlarmType.UNUSUAL_ACCESS: f"more than {files.files} people's files within {duration(files.within)}",
    }
    for type_ in AlarmType:
        yield str(type_), found[type_]


def kept(policy: Policy) -> Iterator[tuple[str, ...]]:
    """What is forgotten, and when (§8.3)."""
    rule = policy.retention
    yield "the words that were sent and answered", duration(rule.words)
    yield "what providers said in their own words", duration(rule.payloads)
    yield "duties, messages, answers, proofs", f"{duration(rule.evidence)} from the duty's date"
    yield "who asked for whose file", duration(rule.accesses)
    yield "dead letters", duration(rule.dead_letters)
    yield "refused callbacks", duration(rule.refused_callbacks)
    yield "journal", duration(rule.journal)
