"""The rules of the watch: one file and one line each."""

from collections.abc import Mapping
from typing import Final

from services.core.words import AlarmType
from services.watch.rules.dead_letters import DEAD_LETTERS
from services.watch.rules.feed_silent import FEED_SILENT
from services.watch.rules.forged_callbacks import FORGED_CALLBACKS
from services.watch.rules.late_after_outage import LATE_AFTER_OUTAGE
from services.watch.rules.overdue_work import OVERDUE_WORK
from services.watch.rules.policy_rejections import POLICY_REJECTIONS
from services.watch.rules.provider_down import PROVIDER_DOWN
from services.watch.rules.receipts_low import RECEIPTS_LOW
from services.watch.rules.rule import Rule
from services.watch.rules.unusual_access import UNUSUAL_ACCESS

RULES: Final[Mapping[AlarmType, Rule]] = {
    AlarmType.RECEIPTS_LOW: RECEIPTS_LOW,
    AlarmType.PROVIDER_DOWN: PROVIDER_DOWN,
    AlarmType.POLICY_REJECTIONS: POLICY_REJECTIONS,
    AlarmType.FEED_SILENT: FEED_SILENT,
    AlarmType.DEAD_LETTERS: DEAD_LETTERS,
    AlarmType.OVERDUE_WORK: OVERDUE_WORK,
    AlarmType.LATE_AFTER_OUTAGE: LATE_AFTER_OUTAGE,
    AlarmType.FORGED_CALLBACKS: FORGED_CALLBACKS,
    AlarmType.UNUSUAL_ACCESS: UNUSUAL_ACCESS,
}
