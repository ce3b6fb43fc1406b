"""Is what a process needs there: one sentence that says what is missing, or nothing."""

from collections.abc import Awaitable, Callable, Collection

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaUnavailable
from services.adapters.postgres.connection import Pool, database_errors
from services.core.ports.store import StoreUnavailable

Check = Callable[[], Awaitable[str | None]]

#: seconds; a probe gives up after two
_PATIENCE = 1.5


async def database_answers(pool: Pool) -> bool:
    """Whether a unit could be opened now."""
    try:
        with database_errors():
            await pool.fetchval("SELECT 1", timeout=_PATIENCE)
    except StoreUnavailable:
        return False
    return True


def database_check(pool: Pool) -> Check:
    """The database answers."""

    async def check() -> str | None:
        return None if await database_answers(pool) else "the database does not answer"

    return check


def topics_check(admin: KafkaAdmin, topics: Collection[str]) -> Check:
    """A broker answers, and the topics are there."""

    async def check() -> str | None:
        try:
            missing = await admin.missing_topics(sorted(topics))
        except KafkaUnavailable:
            return "Kafka does not answer"
        return f"missing topics: {', '.join(missing)}; create them with: sans-faute topics" if missing else None

    return check
