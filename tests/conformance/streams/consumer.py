"""A consuming process that a test kills: run as ``consumer.py PLAN`` with a plan in JSON; tells one line of JSON for each thing it did."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.opening import open_stream
from services.adapters.kafka.topics import Reader
from services.core.ports.streams import Record
from services.runtime.logs import set_up_logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the process does until it is killed."""

    bootstrap: str
    reader: str
    topic: str
    group: str
    member: str
    #: acknowledge so many records, then only take; none: acknowledge everything
    acknowledge: int | None = None
    #: file to which everything is written before it is acknowledged, as a step would write its database
    store: str | None = None


def places(batch: Sequence[Record]) -> list[list[int]]:
    """Partition and offset of each record."""
    return [[record.partition, record.offset] for record in batch]


async def main(plan: Plan) -> None:
    """Take, store, acknowledge; for ever."""
    stream = open_stream([plan.topic], plan.group, KafkaConnection(bootstrap=plan.bootstrap), Reader(plan.reader), member=plan.member)
    await stream.start()
    left = plan.acknowledge
    while True:
        batch = await stream.next_batch()
        tell({"taken": places(batch)})
        if plan.store is not None:
            await asyncio.to_thread(keep, Path(plan.store), batch)
        mine = batch if left is None else batch[:left]
        if left is not None:
            left -= len(mine)
        if mine:
            await stream.acknowledge(mine)
            tell({"acknowledged": places(mine)})


def keep(store: Path, batch: Sequence[Record]) -> None:
    """One write for the whole batch, as one transaction would be."""
    with store.open("a", encoding="utf-8") as file:
        file.write("".join(f"{record.partition} {record.offset}\n" for record in batch))


def tell(thing: dict[str, Any]) -> None:
    """One line for the test."""
    sys.stdout.write(json.dumps(thing) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    set_up_logs(level="WARNING", form="json")
    asyncio.run(main(Plan(**json.loads(sys.argv[1]))))
