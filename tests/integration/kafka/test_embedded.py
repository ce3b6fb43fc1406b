"""The embedded node: starts in seconds, ends with us, survives kill -9, and says clearly why it cannot start."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.publisher import KafkaPublisher
from services.core.ports.streams import Message
from services.runtime.embedded.kafka import EmbeddedKafka, embedded_kafka
from services.runtime.errors import NotThere
from tests.fixtures.kafka import HASTY, LIBS, a_topic

PATIENCE = 60
_PARENT = """
import asyncio, sys
from pathlib import Path
from services.runtime.embedded.kafka import embedded_kafka
from tests.fixtures.kafka import HASTY

async def main():
    async with embedded_kafka(Path(sys.argv[1]), libs_dir=Path(sys.argv[2]), properties=HASTY) as node:
        print(node.bootstrap, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def _connection(node: EmbeddedKafka) -> KafkaConnection:
    return KafkaConnection(bootstrap=node.bootstrap)


@pytest.mark.stack
async def test_what_was_confirmed_survives_kill_9(tmp_path: Path) -> None:
    """Killed and started again, the node has its topics and records, listens on the same port, and says nothing of a repair."""
    async with embedded_kafka(tmp_path, libs_dir=LIBS, properties=HASTY) as node:
        await KafkaAdmin(_connection(node)).ensure_topics([a_topic("kept", partitions=1)])
        async with KafkaPublisher(_connection(node)) as publisher:
            await publisher.publish([Message(topic="kept", key=str(number), value=b"x") for number in range(100)])
        os.kill(node.process.pid, signal.SIGKILL)
        assert await node.process.exited == -signal.SIGKILL
    async with embedded_kafka(tmp_path, libs_dir=LIBS, properties=HASTY) as again:
        lag = await KafkaAdmin(_connection(again)).lag("nobody", ["kept"])
        assert again.bootstrap == node.bootstrap
    assert [each.end for each in lag.values()] == [100]


@pytest.mark.stack
async def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Kill -9 of the process that started it ends the node too, and the next start in the same folder works at once."""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", _PARENT, str(tmp_path), str(LIBS), stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    async with asyncio.timeout(PATIENCE):
        bootstrap = (await parent.stdout.readline()).decode().strip()
        parent.kill()
        await parent.wait()
        # the node holds this pipe no more than its port: both close when it is gone
        await parent.stdout.read()
        host, _, port = bootstrap.partition(":")
        while _answers(host, int(port)):  # noqa: ASYNC110 - the kernel ends it; nobody tells us
            await asyncio.sleep(0)
        async with embedded_kafka(tmp_path, libs_dir=LIBS, properties=HASTY) as again:
            assert await KafkaAdmin(_connection(again)).missing_topics(["none"]) == ["none"]


@pytest.mark.stack
async def test_two_cannot_share_a_folder(tmp_path: Path) -> None:
    """A second node in the same folder is refused with a sentence that names it."""
    async with embedded_kafka(tmp_path, libs_dir=LIBS):
        with pytest.raises(NotThere, match=r"another process already runs the embedded Kafka in .*kafka"):
            async with embedded_kafka(tmp_path, libs_dir=LIBS):
                pass


async def test_without_java_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Java: what to install, or what to set instead."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotThere, match=r"^Java 17 or later is missing: apt-get install .*KAFKA_BOOTSTRAP_SERVERS$"):
        async with embedded_kafka(tmp_path, libs_dir=LIBS):
            pass


async def test_an_old_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Java that is too old: which one was found."""
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15'\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(NotThere, match=r"java is version 11: install"):
        async with embedded_kafka(tmp_path, libs_dir=LIBS):
            pass


async def test_without_maven_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jars not fetched yet and no Maven: what to install."""
    java = shutil.which("java")
    assert java is not None
    (tmp_path / "java").symlink_to(java)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotThere, match=r"^Maven is missing.*apt-get install maven"):
        async with embedded_kafka(tmp_path, libs_dir=tmp_path / "libs"):
            pass


async def test_a_download_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Maven fails: its own error is passed on, and the next start tries again."""
    java = shutil.which("java")
    assert java is not None
    (tmp_path / "java").symlink_to(java)
    maven = tmp_path / "mvn"
    maven.write_text("#!/bin/sh\necho '[ERROR] cannot resolve org.apache.kafka'\nexit 1\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    said: list[str] = []
    with pytest.raises(NotThere, match=r"Maven could not fetch Kafka: \[ERROR\] cannot resolve"):
        async with embedded_kafka(tmp_path, libs_dir=tmp_path / "libs", say=said.append):
            pass
    assert said[0].startswith("Fetching Apache Kafka 4.")
    assert [each.name for each in (tmp_path / "libs").iterdir()] == ["lock"]


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
