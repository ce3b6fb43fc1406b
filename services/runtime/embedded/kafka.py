"""One Apache Kafka node (KRaft, broker and controller in one) as a child process, for those who have no cluster yet."""

import asyncio
import contextlib
import fcntl
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from services.runtime.embedded.children import Child, free_ports, is_free, start_child, wait_for_port
from services.runtime.errors import NotThere
from services.runtime.settings import home_of_the_code, search_path

#: Kafka 4 does not start on an older one
_OLDEST_JAVA = 17
#: 22 characters that Kafka reads as 16 bytes: base64 of "sans-faute-kafka"; one node, so one constant name
_CLUSTER_ID = "c2Fucy1mYXV0ZS1rYWZrYQ"
#: for a machine that has much else to do: one that ends is told at once
_FORMAT_TIMEOUT = timedelta(minutes=3)
_READY_TIMEOUT = timedelta(minutes=3)
_STOP_GRACE = timedelta(seconds=20)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedKafka:
    """A running node."""

    #: ``host:port`` for clients
    bootstrap: str
    process: Child


@asynccontextmanager
async def embedded_kafka(
    state_dir: Path,
    *,
    libs_dir: Path | None = None,
    heap: str = "512m",
    properties: Mapping[str, str] | None = None,
    patience: timedelta = _READY_TIMEOUT,
    say: Say | None = None,
) -> AsyncIterator[EmbeddedKafka]:
    """Start the node whose data is under ``state_dir``/kafka and stop it at the end; it ends with us in any case, kill -9 included.

    Its jars are fetched by Maven once, into ``libs_dir`` (default ``state_dir``/kafka-libs). It keeps its port from one start to the
    next while that is free. ``properties`` adds to the broker's configuration or replaces it, for tests of secured listeners;
    ``patience`` is how long it may take to listen. Raises ``NotThere`` with one sentence when Java, Maven or the jars are missing,
    when another process runs the node, or when it does not start.
    """
    java = _java()
    libs = await asyncio.to_thread(_libraries, libs_dir or state_dir / "kafka-libs", say or _to_stderr)
    home = state_dir / "kafka"
    home.mkdir(parents=True, exist_ok=True)
    with _only_one(home):
        port, controller_port = _ports(home)
        node = _Node(home=home, java=java, libs=libs, heap=heap)
        node.configure(port, controller_port, properties or {})
        await node.format()
        child = await node.start()
        try:
            await wait_for_port(port, child, patience)
            (home / "bootstrap").write_text(f"127.0.0.1:{port}\n")
            yield EmbeddedKafka(bootstrap=f"127.0.0.1:{port}", process=child)
        finally:
            await child.stop(_STOP_GRACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """Where one node lives and how its programs are called."""

    home: Path
    java: str
    libs: Path
    heap: str

    @property
    def configuration(self) -> Path:
        return self.home / "server.properties"

    @property
    def data(self) -> Path:
        return self.home / "data"

    def configure(self, port: int, controller_port: int, more: Mapping[str, str]) -> None:
        """Write the broker's configuration anew: ports change, data stays."""
        values = {**_properties(self.data, port, controller_port), **more}
        self.configuration.write_text("".join(f"{key}={value}\n" for key, value in values.items()))

    async def format(self) -> None:
        """Prepare the data folder, once; a folder left half prepared is prepared again."""
        if (self.data / "meta.properties").is_file():
            return
        tool = self._program("kafka.tools.StorageTool", heap="128m")
        arguments = ["format", "--ignore-formatted", "--cluster-id", _CLUSTER_ID, "--config", str(self.configuration)]
        done = await asyncio.to_thread(_run, [*tool, *arguments], _FORMAT_TIMEOUT)
        if done.returncode != 0:
            raise NotThere(f"the embedded Kafka could not prepare {self.data}: {_last_line(done.stdout)}")

    async def start(self) -> Child:
        """Start the broker; it is not listening yet."""
        program = self._program("kafka.Kafka", heap=self.heap)
        return await start_child(
            [*program, str(self.configuration)], name="embedded Kafka", log_path=self.home / "kafka.log", cwd=self.home
        )

    def _program(self, main_class: str, *, heap: str) -> list[str]:
        logging = home_of_the_code() / "infra" / "kafka" / "log4j2.properties"
        return [
            self.java,
            f"-Xmx{heap}",
            # one small node on a small machine: the collector with the least overhead, and no wait for a hypothetical heap dump
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={logging}",
            "-cp",
            f"{self.libs}/*",
            main_class,
        ]


def _properties(data: Path, port: int, controller_port: int) -> dict[str, str]:
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(data),
        # topics come from contracts/topics.yaml; a misspelt name is an error, not a topic
        "auto.create.topics.enable": "false",
        # one node cannot hold more than one copy
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # few internal partitions: 50 of each cost seconds of start-up and memory for nothing
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.num.partitions": "2",
        "share.coordinator.state.topic.num.partitions": "2",
        # nobody else is coming: the first consumer need not wait for a second one
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # after kill -9 the new node waits until the old one's session has ended; 9 s is the default
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": "16777216",
        "num.recovery.threads.per.data.dir": "2",
    }


def _ports(home: Path) -> tuple[int, int]:
    """The client port of last time when it is still free, else a new one; the controller's does not matter to anybody."""
    new, controller = free_ports(2)
    last = _last_port(home)
    return (last if last and is_free(last) else new), controller


def _last_port(home: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int((home / "bootstrap").read_text().rpartition(":")[2])
    return None


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Hold the folder; the kernel lets go of it when we end, in whatever way."""
    with (home / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NotThere(
                f"another process already runs the embedded Kafka in {home}: stop it, or set STATE_DIR to another folder"
            ) from None
        yield


def _java() -> str:
    """The path of a Java that is new enough."""
    java = shutil.which("java", path=search_path())
    if java is None:
        raise NotThere(f"Java {_OLDEST_JAVA} or later is missing: apt-get install openjdk-17-jre-headless, or set KAFKA_BOOTSTRAP_SERVERS")
    found = re.search(r'version "(\d+)', _run([java, "-version"], _FORMAT_TIMEOUT).stdout)
    if found and int(found.group(1)) < _OLDEST_JAVA:
        raise NotThere(f"Java {_OLDEST_JAVA} or later is needed and {java} is version {found.group(1)}: install openjdk-17-jre-headless")
    return java


def _libraries(folder: Path, say: Say) -> Path:
    """The folder of the pinned version's jars, fetched when it is not there."""
    pom = home_of_the_code() / "infra" / "kafka" / "pom.xml"
    version = _kafka_version(pom)
    wanted = folder / version
    if wanted.is_dir():
        return wanted
    maven = shutil.which("mvn", path=search_path())
    if maven is None:
        raise NotThere("Maven is missing, which fetches Kafka once: apt-get install maven, or set KAFKA_BOOTSTRAP_SERVERS")
    folder.mkdir(parents=True, exist_ok=True)
    say(f"Fetching Apache Kafka {version} (about 50 MB, once) into {wanted}")
    with (folder / "lock").open("a") as lock:
        # two of us at once: the second waits and finds everything there
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.is_dir():
            _fetch(maven, pom, wanted)
    return wanted


def _fetch(maven: str, pom: Path, wanted: Path) -> None:
    """Copy all jars beside their place, then put them there in one step: a broken download leaves nothing that looks whole."""
    partial = wanted.with_name(wanted.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={partial}"]
    done = _run([maven, "-q", "-B", "-f", str(pom), *goal], timedelta(minutes=15))
    if done.returncode != 0:
        problem = next((line for line in done.stdout.splitlines() if "ERROR" in line), _last_line(done.stdout))
        raise NotThere(f"Maven could not fetch Kafka: {problem}")
    partial.rename(wanted)


def _kafka_version(pom: Path) -> str:
    """The pinned version; the parser only ever sees our own file."""
    version = ET.parse(pom).findtext("{*}properties/{*}kafka.version")  # noqa: S314 - our own pom.xml
    if version is None:
        raise NotThere(f"{pom} does not say which kafka.version")
    return version


def _run(argv: list[str], timeout: timedelta) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout.total_seconds(),
    )


def _last_line(output: str) -> str:
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "it said nothing")


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
