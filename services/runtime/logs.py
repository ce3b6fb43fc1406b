"""Logs: constant text with fields, and only fields of a list, so that nobody's name or number can slip in."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any, Final, TextIO

import structlog

#: The only fields that reach a log line. All are identifiers, bounded words, counts or instants: never what a person is called, where a
#: person can be reached, or what was written. Add here, after asking yourself that question; never a free text.
FIELDS: frozenset[str] = frozenset({
    # what structlog and we add
    "event", "level", "timestamp", "logger", "process", "dropped_fields", "exception",
    # whom and what it is about
    "person_id", "obligation_id", "attempt_id", "alert_id", "contact_id", "advisor_id", "agency_id", "event_id", "source",
    "purpose", "granted", "instance", "alert_type", "severity", "routed",
    "kind", "channel", "provider", "carrier", "step", "occurrence", "revision", "state", "status", "evidence", "lane", "shard",
    # what happened
    "action", "reason", "effect", "error", "code", "outcome", "choice", "signal", "alarm", "scope",
    # where
    "topic", "topics", "partition", "offset", "group", "path", "listen", "port", "version", "migration", "setting", "folder", "pid",
    "method",
    # how many, how long, when
    "count", "claimed", "written", "published", "skipped", "failed", "waiting", "lag", "tries", "restarts", "limit",
    "seconds", "delay_seconds", "age_seconds", "exit_status", "at", "since", "until", "next_at",
})  # fmt: skip

Event = MutableMapping[str, Any]

#: seconds during which the same words of a library from the same place are told once, then with how often they came
_SAID_ONCE_IN: Final = 10.0


def set_up_logs(*, level: str = "INFO", form: str = "auto", process: str | None = None, stream: TextIO | None = None) -> None:
    """Send our logs and the libraries' to ``stream`` (standard error by default).

    ``form``: ``json`` one object a line, ``console`` for people, ``auto`` console on a terminal. ``process`` goes into every line.
    """
    output = stream or sys.stderr
    console = form == "console" or (form == "auto" and output.isatty())
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *_always(process), _only_known_fields, _writer(console=console)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(output),
        cache_logger_on_first_use=False,
    )
    # Libraries' messages may quote values (an address in an SMTP answer): we keep that something was said, by whom and how bad.
    logging.root.handlers[:] = [_LibraryHandler()]
    logging.root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))


def _always(process: str | None) -> list[structlog.typing.Processor]:
    def name_process(_logger: object, _method: str, event: Event) -> Event:
        if process is not None:
            event.setdefault("process", process)
        return event

    return [
        name_process,
        _say_when,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_exception,
    ]


def _say_when(_logger: object, _method: str, event: Event) -> Event:
    """Instants as they are written everywhere else (RFC 3339), for people and for scripts."""
    for name, value in event.items():
        if isinstance(value, datetime):
            event[name] = value.isoformat()
    return event


def _name_exception(_logger: object, _method: str, event: Event) -> Event:
    """An exception becomes its class and the places it passed: its message may quote data."""
    problem = event.pop("exc_info", None)
    if problem is True:
        problem = sys.exc_info()[1]
    if isinstance(problem, tuple):
        problem = problem[1]
    if isinstance(problem, BaseException):
        event.setdefault("error", type(problem).__name__)
        event["exception"] = where(problem)
    return event


def where(problem: BaseException) -> list[str]:
    """The places an exception passed, outermost first, as ``file:line function``: no message, no values."""
    places = []
    trace = problem.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{_short(code.co_filename)}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places


def _short(path: str) -> str:
    """From the package's own folder on: a machine's folders say nothing."""
    if "/services/" in path:
        return "services/" + path.rpartition("/services/")[2]
    return path.rpartition("/site-packages/")[2].rpartition("/lib/")[2]


def _only_known_fields(_logger: object, _method: str, event: Event) -> Mapping[str, Any]:
    """Drop every field that is not in the list, and say which: the names, not the values."""
    unknown = sorted(name for name in event if name not in FIELDS)
    kept = {name: value for name, value in event.items() if name in FIELDS}
    return {**kept, "dropped_fields": unknown} if unknown else kept


def _writer(*, console: bool) -> structlog.typing.Processor:
    if console:
        return structlog.dev.ConsoleRenderer(pad_event_to=40)
    return structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False, default=str)


class _LibraryHandler(logging.Handler):
    """Passes a library's record on without its words; what the same place says again and again becomes a count.

    A broker that is away makes its client complain twenty times a second: a log of an hour's outage would fill a disk and show nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        #: who complains of what where: when that was last told, and how often it was said since
        self._told: dict[tuple[str, str, str | None], tuple[float, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        problem = record.exc_info[1] if record.exc_info else None
        path = f"{_short(record.pathname)}:{record.lineno}"
        key = record.name, path, type(problem).__name__ if problem is not None else None
        told_at, unsaid = self._told.get(key, (float("-inf"), 0))
        if 0 <= record.created - told_at < _SAID_ONCE_IN:
            self._told[key] = (told_at, unsaid + 1)
            return
        self._told[key] = (record.created, 0)
        more: dict[str, object] = {"exc_info": problem} if problem is not None else {}
        if unsaid:
            more["count"] = unsaid + 1
        structlog.get_logger().log(record.levelno, "library said", logger=record.name, path=path, **more)
