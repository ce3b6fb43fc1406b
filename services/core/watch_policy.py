"""When an alarm rings, and when it is over (§10.16, §4.4, §8.4): part of the policy, and written in ``policy.toml`` like the rest."""

from dataclasses import dataclass
from datetime import time, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptsLowPolicy:
    """RECEIPTS_LOW: a provider accepts SMS for a network, and nothing says that they arrive."""

    #: windows start at each multiple of it
    window: timedelta
    #: after a window's end, before it is judged: receipts take their time
    settles: timedelta
    #: fewer accepted messages in a window say nothing
    messages: int
    below_percent: int
    #: what is usual; told beside what was counted
    usual_percent: int
    #: agencies are to be told when a closing day is nearer
    closing_within_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRejectionsPolicy:
    """POLICY_REJECTIONS: a mail domain, or an SMS provider, refuses us."""

    within: timedelta
    messages: int
    above_percent: int
    pause: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSilentPolicy:
    """FEED_SILENT: nobody seems to do their actualisation any more."""

    silent: timedelta
    day_starts: time
    day_ends: time


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPolicy:
    """So many of something within a while ring; it is over when there was none for the calm."""

    count: int
    within: timedelta
    calm: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueWorkPolicy:
    """OVERDUE_WORK: something waits longer than this."""

    wakes: timedelta
    #: people in the lane of campaigns, where millions come at once and steps have hours …
    campaign: timedelta
    #: … unless a period closes in fewer days than these: then they wait no longer than ``wakes``
    campaign_near_days: int
    outbox: timedelta
    released: timedelta
    submitting: timedelta
    #: a duty ahead that nobody would look at again, and about which no advisor was told
    adrift: timedelta
    #: since a decision about somebody raised
    quarantined: timedelta
    #: no broker answers
    kafka: timedelta
    #: unread records of a partition, and none acknowledged
    stalled: timedelta
    #: what was there at the look before was not read at the next one, all the time
    behind: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDownPolicy:
    """PROVIDER_DOWN: so many messages refused or unanswered within a while, and none taken; others carry them for the pause."""

    count: int
    within: timedelta
    pause: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class LateAfterOutagePolicy:
    """LATE_AFTER_OUTAGE: so many duties of which an outage of ours cost a message, and nobody was reached since."""

    duties: int
    #: so long after its date nobody is owed anything any more
    after_date: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualAccessPolicy:
    """UNUSUAL_ACCESS: somebody asks for more people's files within a while than the work can need."""

    #: more people than this ring
    files: int
    within: timedelta
    #: systems that ask for many by their nature
    not_counted: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPolicy:
    """The numbers of the watch."""

    #: how often the process looks
    every: timedelta
    #: a process that just started judges what it may have missed
    look_back: timedelta
    receipts_low: ReceiptsLowPolicy
    policy_rejections: PolicyRejectionsPolicy
    feed_silent: FeedSilentPolicy
    forged_callbacks: CountedPolicy
    dead_letters: CountedPolicy
    overdue_work: OverdueWorkPolicy
    provider_down: ProviderDownPolicy
    unusual_access: UnusualAccessPolicy
    late_after_outage: LateAfterOutagePolicy
