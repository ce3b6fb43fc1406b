"""The processes that `sans-faute up` runs side by side, in order of start; each is also a command of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.runtime.embedded.servers import Servers
from services.runtime.health import Health
from services.runtime.metrics import Metrics
from services.runtime.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every process is given."""

    settings: Settings
    servers: Servers
    service_key: bytes
    metrics: Metrics
    health: Health


#: Runs until it is cancelled.
Process = Callable[[Surroundings], Awaitable[None]]

#: A new process is one ``app.py`` with such a function, and one line here.
PROCESSES: dict[str, Process] = {}
