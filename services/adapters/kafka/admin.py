"""Administration of a cluster: topics created and compared with what they should be, and how far a group is behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition

# the package is half typed: its names are there, it does not say that it gives them away
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclOperation,
    AdminClient,
    ClusterMetadata,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from services.adapters.kafka.connection import KafkaConnection, KafkaRefused, KafkaUnavailable, Refusal
from services.adapters.kafka.refusals import Complaints
from services.adapters.kafka.topics import Topic

#: seconds for the cluster to do what it was asked
_OPERATION_TIMEOUT = 15.0
#: a partition or a group that was just made, or whose broker just left, is without a leader for a moment
_NOT_YET = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError._NOENT,  # noqa: SLF001 - librdkafka's own codes are public and begin with an underscore: "no leaders found"
)
_NO_RIGHT = (
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
)
#: together 5 s
_TRIES = 100
_BREATH = 0.05
#: consumers that ask for one group's offsets, one after the other
_ASKED_ANEW = 4
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something about a topic that is not as contracts/topics.yaml says; nobody but the operator may change it."""

    topic: str
    what: str
    wanted: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicReport:
    """What ``ensure_topics`` did and found."""

    created: tuple[str, ...]
    missing: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def as_it_should_be(self) -> bool:
        """Nothing is missing and nothing differs."""
        return not self.missing and not self.differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far one group is in one partition; offsets are the next to be read."""

    committed: int
    end: int

    @property
    def records(self) -> int:
        """Records that the group has not acknowledged (compaction may have removed some of them)."""
        return max(0, self.end - self.committed)


class TopicsRefused(Exception):
    """The cluster does not create topics as we want them (too few brokers for the copies, no permission); names each with its reason."""

    def __init__(self, problems: Collection[str]) -> None:
        super().__init__("\n".join(problems))


class KafkaAdmin:
    """Administrative requests to one cluster. Every method raises ``KafkaUnavailable`` when no broker answers, and, of that kind,
    ``KafkaRefused`` when one answers and does not let us in.
    """

    def __init__(self, connection: KafkaConnection, *, patience: timedelta = timedelta(seconds=5)) -> None:
        """``patience``: how long a broker may take to answer before it counts as away."""
        self._connection = connection
        self._patience = patience.total_seconds()
        # librdkafka would print lost connections on standard error; what matters comes back as an exception
        self._complaints = Complaints()
        ours: dict[str, Any] = {"log_level": 0, "client.id": "sans-faute-admin", "error_cb": self._complaints.hear}
        self._client = AdminClient({**connection.librdkafka(), **ours})

    async def partitions(self) -> dict[str, int]:
        """Number of partitions of every topic that exists."""
        return {name: len(topic.partitions) for name, topic in (await self._metadata()).topics.items()}

    async def brokers(self) -> list[tuple[str, int]]:
        """Host and port of every broker, as the cluster tells them to its clients."""
        return [(str(broker.host), broker.port) for broker in (await self._metadata()).brokers.values()]

    async def _metadata(self) -> ClusterMetadata:
        # what it has to complain of waits until it is asked for: nothing of before may pile up, or be taken for an answer
        self._client.poll(0)
        self._complaints.forget()
        try:
            return await asyncio.to_thread(self._client.list_topics, timeout=self._patience)
        except KafkaException as trouble:
            self._judge(trouble)
            raise

    async def missing_topics(self, names: Collection[str]) -> list[str]:
        """The names that do not exist, in the order given. Raises ``KafkaRefused`` when we may not see whether they do."""
        there = await self.partitions()
        absent = [name for name in names if name not in there]
        # a topic that we may not describe is left out of the list
        hidden = [name for name, rights in (await self._rights(absent)).items() if rights is None]
        if hidden:
            raise KafkaRefused(self._connection, Refusal.RIGHT, f"no right to describe {', '.join(hidden)}")
        return absent

    async def check_rights(self, *, read: Collection[str], written: Collection[str], groups: Collection[str] = ()) -> None:
        """Raise ``KafkaRefused`` with all that we must do and may not: read or write a topic that exists, be a member of a group."""
        granted, members = await self._rights({*read, *written}), await self._group_rights(groups)
        lacking = [
            f"no right to {word} {name}"
            for names, rights, right, word in (
                (read, granted, AclOperation.READ, "read"),
                (written, granted, AclOperation.WRITE, "write"),
                (groups, members, AclOperation.READ, "read as group"),
            )
            for name in names
            if name in rights and right not in (rights[name] or ())
        ]
        if lacking:
            raise KafkaRefused(self._connection, Refusal.RIGHT, "; ".join(lacking))

    async def _rights(self, names: Collection[str]) -> dict[str, Collection[AclOperation] | None]:
        """What we may do with each topic that exists; none: not even see whether it does."""
        if not names:
            return {}
        rights: dict[str, Collection[AclOperation] | None] = {}
        asked = self._client.describe_topics(
            TopicCollection(list(names)), include_authorized_operations=True, request_timeout=self._patience
        )
        for name, answer in asked.items():
            try:
                rights[name] = (await self._answer(answer)).authorized_operations or ()
            except KafkaRefused:
                rights[name] = None
            except KafkaException as trouble:
                if trouble.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
        return rights

    async def _group_rights(self, groups: Collection[str]) -> dict[str, Collection[AclOperation] | None]:
        """What we may do with each group, as far as its coordinator answers; none: not even see it. A group need not exist."""
        if not groups:
            return {}
        rights: dict[str, Collection[AclOperation] | None] = {}
        asked = self._client.describe_consumer_groups(list(groups), include_authorized_operations=True, request_timeout=self._patience)
        for name, answer in asked.items():
            try:
                rights[name] = (await self._answer(answer)).authorized_operations or ()
            except KafkaRefused:
                rights[name] = None
            except KafkaException:
                # its coordinator is moving: whoever reads will see
                continue
        return rights

    async def ensure_topics(self, topics: Collection[Topic], *, create: bool = True) -> TopicReport:
        """Create what is missing (unless told only to look) and say what differs from what it should be."""
        there = await self.partitions()
        missing = [topic for topic in topics if topic.name not in there]
        if create and missing:
            await self._create(missing)
        differences = [difference async for difference in self._differences([topic for topic in topics if topic.name in there], there)]
        names = tuple(topic.name for topic in missing)
        return TopicReport(created=names if create else (), missing=() if create else names, differences=tuple(differences))

    async def recreate(self, topics: Collection[Topic]) -> None:
        """Delete topics with all their records and create them anew: for tests and simulations."""
        await self.delete([topic.name for topic in topics])
        await self._create(topics)

    async def delete(self, names: Collection[str]) -> None:
        """Delete topics with all their records; names that do not exist are left out."""
        there = await self.partitions()
        doomed = [name for name in names if name in there]
        if doomed:
            for deleted in self._client.delete_topics(doomed, operation_timeout=_OPERATION_TIMEOUT).values():
                await self._answer(deleted)

    async def lag(self, group: str, names: Iterable[str]) -> dict[tuple[str, int], Lag]:
        """Committed and end offset of every partition of these topics for a group; uncommitted counts from the oldest record.

        The committed offsets follow what was acknowledged by about a second.
        """
        there = await self.partitions()
        partitions = [TopicPartition(name, number) for name in names for number in range(there.get(name, 0))]
        if not partitions:
            return {}
        ends, oldest, committed = await asyncio.gather(
            self._offsets(partitions, OffsetSpec.latest()),  # type: ignore[no-untyped-call]
            self._offsets(partitions, OffsetSpec.earliest()),  # type: ignore[no-untyped-call]
            self._committed(group, partitions),
        )
        return {key: Lag(committed=committed.get(key, oldest[key]), end=end) for key, end in ends.items()}

    async def total_lag(self, group: str, names: Iterable[str]) -> int:
        """Records of these topics that the group has not acknowledged."""
        return sum(lag.records for lag in (await self.lag(group, names)).values())

    async def _create(self, topics: Collection[Topic]) -> None:
        new = [
            NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=topic.replication or -1, config=topic.config)
            for topic in topics
        ]
        refused: list[str] = []
        for name, created in self._client.create_topics(new, operation_timeout=_OPERATION_TIMEOUT).items():
            try:
                await self._answer(created)
            except KafkaException as trouble:
                code = trouble.args[0].code()
                # somebody else may have created it at the same moment: fine
                if code != KafkaError.TOPIC_ALREADY_EXISTS:
                    refused.append(f"{name}: {trouble.args[0].str()}")
        if refused:
            raise TopicsRefused(refused)
        # Created is not yet usable: wait until every partition has a leader that answers.
        fresh = [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
        await self._offsets(fresh, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    async def _differences(self, topics: Collection[Topic], partitions: Mapping[str, int]) -> AsyncIterator[Difference]:
        resources = [ConfigResource(ResourceType.TOPIC, topic.name) for topic in topics]
        found = {resource.name: answer for resource, answer in self._client.describe_configs(resources).items()} if resources else {}
        for topic in topics:
            if partitions[topic.name] != topic.partitions:
                yield Difference(topic=topic.name, what="partitions", wanted=str(topic.partitions), found=str(partitions[topic.name]))
            config = await self._answer(found[topic.name])
            for what, wanted in topic.config.items():
                value = config[what].value
                if value != wanted:
                    yield Difference(topic=topic.name, what=what, wanted=wanted, found=value)

    async def _offsets(self, partitions: Collection[TopicPartition], spec: OffsetSpec) -> dict[tuple[str, int], int]:
        asked = list(partitions)

        async def ask() -> list[int | BaseException]:
            answers = self._client.list_offsets(dict.fromkeys(asked, spec)).values()
            async with self._in_time():
                found = await asyncio.gather(*map(asyncio.wrap_future, answers), return_exceptions=True)
            return [each if isinstance(each, BaseException) else each.offset for each in found]

        found = await self._patiently(ask)
        return {(partition.topic, partition.partition): offset for partition, offset in zip(asked, found, strict=True)}

    async def _committed(self, group: str, partitions: list[TopicPartition]) -> dict[tuple[str, int], int]:
        async def ask() -> list[TopicPartition | BaseException]:
            try:
                found = await asyncio.to_thread(self._ask_committed, group, partitions)
            except KafkaException as trouble:
                return [trouble]
            return [KafkaException(each.error) if each.error is not None else each for each in found]

        # librdkafka says "nothing committed" with a negative offset
        return {(each.topic, each.partition): each.offset for each in await self._patiently(ask) if each.offset >= 0}

    def _ask_committed(self, group: str, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """With a consumer that joins nothing: AdminClient's own call ends the process (a null pointer in librdkafka 2.16) when the group's
        coordinator is not known yet, as after a broker's restart.

        On a cluster that has just made its first group, a consumer may look for the coordinator in vain for ever while others have found
        it: another one asks again.
        """
        asked = 1
        while True:
            consumer = Consumer({**self._connection.librdkafka(), "group.id": group, "enable.auto.commit": False, "log_level": 0})
            try:
                return consumer.committed(partitions, timeout=self._patience)
            except KafkaException as trouble:
                if trouble.args[0].code() != KafkaError._TIMED_OUT or asked == _ASKED_ANEW:  # noqa: SLF001 - public, as above
                    raise
            finally:
                consumer.close()
            asked += 1

    async def _patiently(self, ask: Callable[[], Awaitable[list[T | BaseException]]]) -> list[T]:
        """Ask until every answer is one; a cluster that has just started, or lost a broker, is not there yet for a moment."""
        for _ in range(_TRIES):
            found = await ask()
            answers: list[T] = []
            for answer in found:
                if isinstance(answer, BaseException):
                    self._judge(answer, but=_NOT_YET)
                else:
                    answers.append(answer)
            if len(answers) == len(found):
                return answers
            # what the client remembers is out of date; this makes it ask again
            await self.partitions()
            await asyncio.sleep(_BREATH)
        raise KafkaUnavailable(self._connection, "its partitions or groups find no leader")

    async def _answer(self, answer: "Future[T]") -> T:
        try:
            async with self._in_time():
                return await asyncio.wrap_future(answer)
        except KafkaException as trouble:
            self._judge(trouble)
            raise

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """The library's own time limits have holes: an answer that never comes is a broker that is away."""
        try:
            async with asyncio.timeout(self._patience + _OPERATION_TIMEOUT):
                yield
        except TimeoutError:
            raise KafkaUnavailable(self._connection, "no answer") from None

    def _judge(self, trouble: BaseException, *, but: Collection[int] = ()) -> None:
        """Raise what went wrong, unless its code is expected."""
        code = trouble.args[0].code() if isinstance(trouble, KafkaException) else 0
        if code in but:
            return
        # negative codes are librdkafka's own: no broker answered, or none let us in
        if code < 0:
            self._client.poll(0)
            refused = self._complaints.refusal()
            if refused is not None:
                raise KafkaRefused(self._connection, *refused) from trouble
            raise KafkaUnavailable(self._connection, self._complaints.why() or str(trouble.args[0].str())) from trouble
        if code in _NO_RIGHT:
            raise KafkaRefused(self._connection, Refusal.RIGHT, str(trouble.args[0].str())) from trouble
        raise trouble
