"""What every process is given by whoever starts it."""

from dataclasses import dataclass

from services.runtime.embedded.servers import Servers
from services.runtime.health import Health
from services.runtime.metrics import Metrics
from services.runtime.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Settings, servers that answer, and where a process tells how it is."""

    settings: Settings
    servers: Servers
    service_key: bytes
    #: stable name of this copy, unique among the copies of one process: the group's member under which it comes back after a crash;
    #: given to each process when it starts (``services.runtime.instances``)
    instance: str
    metrics: Metrics
    #: the checks of this process, new at each start
    health: Health
    #: the checks of everything in this operating-system process, which the web shows
    overall: Health
