"""`sans-faute up` as a newcomer meets it: one event in, a message out, an answer back, seen from outside only."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import httpx
import pytest
import pytest_asyncio

from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.opening import open_stream
from services.adapters.kafka.topics import Reader
from services.runtime.embedded.children import free_ports
from services.runtime.running import find_running
from services.runtime.settings import environment_with, home_of_the_code
from tests.integration.processes.outside import convocation, directory, in_days, policy_for_tests

# one `up` for all of them: it takes longer to start than anything here to happen
pytestmark = [pytest.mark.stack, pytest.mark.asyncio(loop_scope="module")]
STARTS_WITHIN = 120
MOVES_WITHIN = 60


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """State and output of this `up`; PostgreSQL's user can reach it, and the jars are those of other runs."""
    made = Path(mkdtemp(prefix="sans-faute-", dir="/tmp"))
    made.chmod(0o755)
    libraries = home_of_the_code() / ".state" / "kafka-libs"
    libraries.mkdir(parents=True, exist_ok=True)
    (made / "kafka-libs").symlink_to(libraries)
    yield made
    (made / "kafka-libs").unlink()
    rmtree(made)


@dataclass(slots=True)
class Up:
    """A running `up`."""

    process: asyncio.subprocess.Process
    environment: dict[str, str]
    public: str
    staff: str
    said: str = ""

    async def line(self, pattern: str, within: float) -> str:
        """The next line on the terminal that matches."""
        assert self.process.stdout is not None
        async with asyncio.timeout(within):
            while True:
                line = (await self.process.stdout.readline()).decode()
                assert line, f"it ended by itself, after saying: {self.said}"
                self.said += line
                if re.search(pattern, line):
                    return line

    async def command(self, *words: str) -> str:
        """Another ``sans-faute`` beside it, as in another terminal; what it says."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services", *words,
            env=environment_with(self.environment), cwd=home_of_the_code(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        return said.decode()


@asynccontextmanager
async def up(folder: Path) -> AsyncIterator[Up]:
    """`sans-faute up` in a folder of its own, without any provider configured."""
    public, staff = free_ports(2)
    environment = {
        "STATE_DIR": str(folder),
        "OUTPUT_DIR": str(folder / "out"),
        "PUBLIC_LISTEN": f"127.0.0.1:{public}",
        "STAFF_LISTEN": f"127.0.0.1:{staff}",
        # an answer in the first seconds is a machine's, by the shipped rules
        "POLICY_FILE": str(policy_for_tests(folder / "policy.toml", early_suspect="0s")),
        "LOG_FORMAT": "json",
    }
    with (folder / "up.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services", "up",
            env=environment_with(environment), stdout=asyncio.subprocess.PIPE, stderr=log, cwd=home_of_the_code(),
        )  # fmt: skip
    running = Up(process, environment, f"http://127.0.0.1:{public}", f"http://127.0.0.1:{staff}")
    try:
        await running.line("Ctrl-C stops everything", STARTS_WITHIN)
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(folder: Path) -> AsyncIterator[Up]:
    """Started; ended in order with the last test."""
    async with up(folder) as started:
        yield started
    assert started.process.returncode == 0


async def state_on_kafka(folder: Path, obligation_id: str, wanted: str) -> dict[str, object]:
    """The first ``obligation.changed`` that says so, as anybody outside reads it."""
    found = find_running(folder)
    assert found is not None
    assert found.kafka_bootstrap is not None
    stream = open_stream(["obligations.v1"], "a-test", KafkaConnection(bootstrap=found.kafka_bootstrap), Reader.CONFLUENT)
    await stream.start()
    try:
        async with asyncio.timeout(MOVES_WITHIN):
            while True:
                for record in await stream.next_batch():
                    data: dict[str, object] = json.loads(record.value or b"{}")["data"]
                    if data["obligation_id"] == obligation_id and data["state"] == wanted:
                        return data
    finally:
        await stream.stop()


async def test_a_convocation_becomes_an_answered_message(running: Up, folder: Path) -> None:
    """Published from the command line, sent to a simulated network, answered on the page behind its link, acknowledged on Kafka."""
    events = folder / "events.jsonl"
    starts_at = in_days(9)
    events.write_text("\n".join(json.dumps(one) for one in [*directory(1), convocation(0, starts_at)]), "utf-8")
    assert "reach nobody" in running.said
    await running.command("publish", str(events))
    taken = await running.line("Simulated sms taken", MOVES_WITHIN)
    sms = await asyncio.to_thread(Path(taken.rpartition("taken: ")[2].strip()).read_text, "utf-8")
    assert sms.startswith("To: +33612000000")
    link = re.search(r"http://\S+/a/[\w-]+", sms)
    assert link is not None
    async with httpx.AsyncClient(trust_env=False) as person:
        page = (await person.get(link[0])).text
        dates = re.findall(r'name="date" value="([^"]+)"', page)
        right = next(date for date in dates if date.startswith(f"{starts_at:%Y-%m-%d}"))
        answered = await person.post(link[0], data={"date": right, "choice": "come", "who": "self"})
        assert answered.status_code == 200
    known = await state_on_kafka(folder, "cv:c0", "acknowledged")
    assert (known["evidence"], known["evidence_how"]) == ("E3", "link")


async def test_it_says_how_it_is(running: Up, folder: Path) -> None:
    """Ready, measured and looked at; logs name obligations and attempts, and nobody's number."""
    async with httpx.AsyncClient(trust_env=False) as operator:
        assert (await operator.get(f"{running.public}/readyz")).json() == {"ready": True, "missing": []}
        assert "sans_faute_attempts_sent_total" in (await operator.get(f"{running.staff}/metrics")).text
        assert (await operator.get(f"{running.staff}/operations")).status_code == 200
    log = (folder / "up.log").read_text("utf-8")
    assert '"attempt_id"' in log
    assert '"obligation_id"' in log
    assert "612000000" not in log
    assert "/a/" not in log


async def test_one_process_beside_it(running: Up) -> None:
    """A second intake shares the work of the first, finds the servers by itself, says how it is, and ends in order."""
    (port,) = free_ports(1)
    beside = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", "intake",
        env=environment_with({**running.environment, "HEALTH_LISTEN": f"127.0.0.1:{port}"}),
        cwd=home_of_the_code(), stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert beside.stderr is not None
    try:
        async with asyncio.timeout(MOVES_WITHIN), httpx.AsyncClient(trust_env=False) as operator:
            while b"partitions assigned" not in (line := await beside.stderr.readline()):
                assert line, "it ended by itself"
            # its other reader may still be on its way into its group
            while (said := (await operator.get(f"http://127.0.0.1:{port}/readyz")).json()) != {"ready": True, "missing": []}:
                assert {one["check"] for one in said["missing"]} == {"intake"}
                await asyncio.sleep(0.1)
        beside.terminate()
        async with asyncio.timeout(MOVES_WITHIN):
            await beside.communicate()
        assert beside.returncode == 0
    finally:
        if beside.returncode is None:
            beside.kill()
            await beside.wait()


async def test_without_servers_it_says_what_is_missing(tmp_path: Path) -> None:
    """One process without Kafka and PostgreSQL: exit code 3 and a sentence, not a traceback."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", "planner",
        env=environment_with({"STATE_DIR": str(tmp_path)}), cwd=home_of_the_code(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 3
    assert b"sans-faute up" in said
    assert b"Traceback" not in said
