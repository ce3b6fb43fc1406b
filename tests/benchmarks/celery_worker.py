"""The second peer of ``sending``: a Celery worker on Redis whose tasks send through our own SMPP provider, in a process of its own.

Its pool is threads, since our provider lives in one event loop and 50 messages shall wait for their answers at once: the loop has a
thread beside them. Of what was tried on two cores this is the fastest, with one such worker for each core: one alone sends a quarter to a
third less, three send no more, and prefork with 2, 8 or 16 children, each with its own connection, about as many as one worker of threads.
The rest made no difference that could be seen: 100 threads, four or ten messages fetched ahead for each, hiredis, acknowledging a task when
it is done. So tasks are acknowledged before they run, as Celery does unless told otherwise, and nothing runs that this queue does not need:
no results, no events, no remote control, no heartbeat.
"""

import asyncio
import sys
import threading
import warnings
from collections.abc import Coroutine, Sequence

import celery
from celery.platforms import SecurityWarning
from celery.signals import worker_ready
from redis import Redis

from services.runtime.logs import set_up_logs
from tests.benchmarks.jobs import provider, send

#: workers in all, each a process
WORKERS = 2
#: the list in Redis to which each worker adds one line when it waits for tasks
READY = "ready"
#: the list in Redis that workers take tasks from (Celery's own name), and one that nobody looks at
_QUEUE, _ASIDE = "celery", "aside"
_TASK = "send"
#: messages under way at once in a worker, and how many it fetches ahead for each (Celery's own figure)
_CONCURRENCY = 50
_AHEAD = 4


def lay_aside(redis: str, jobs: Sequence[dict[str, str]]) -> None:
    """Tasks where no worker looks yet."""
    app = _app(redis)
    with app.producer_or_acquire() as producer:
        for job in jobs:
            app.send_task(_TASK, kwargs=job, queue=_ASIDE, producer=producer)
    app.close()


def hand_over(redis: str) -> None:
    """All of them at once to the workers, as people come due."""
    with Redis.from_url(redis) as client:
        client.rename(_ASIDE, _QUEUE)


def _app(redis: str) -> celery.Celery:
    app = celery.Celery("bench", broker=redis)
    app.conf.update(
        task_default_queue=_QUEUE,
        task_ignore_result=True,
        worker_prefetch_multiplier=_AHEAD,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
    )
    return app


def main() -> None:
    """Work until told to stop; arguments: URL of Redis, port of the SMSC."""
    redis, port = sys.argv[1], int(sys.argv[2])
    set_up_logs(level="ERROR", form="console")
    # in a container everybody is root
    warnings.simplefilter("ignore", SecurityWarning)
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    def there(work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result()

    def task(**job: str) -> None:
        there(send(account, **job))

    account = provider(port)
    there(account.start())
    app = _app(redis)
    app.task(name=_TASK)(task)

    def say_ready(**_about: object) -> None:
        with Redis.from_url(redis) as client:
            client.rpush(READY, "")

    worker_ready.connect(say_ready)
    worker = app.Worker(
        pool="threads", concurrency=_CONCURRENCY, quiet=True, without_gossip=True, without_mingle=True, without_heartbeat=True
    )
    worker.start()
    there(account.stop())


if __name__ == "__main__":
    main()
