"""Logs: listed fields only, no exception's message, no library's words."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from services.core.changes import Changes, Cleaned
from services.core.model import PersonId
from services.runtime.changes_log import log_changes
from services.runtime.logs import set_up_logs


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """Where the logs go; what was set up before is put back."""
    root = (logging.root.handlers[:], logging.root.level)
    stream = io.StringIO()
    set_up_logs(form="json", process="intake", stream=stream)
    yield stream
    structlog.reset_defaults()
    logging.root.handlers[:], level = root[0], root[1]
    logging.root.setLevel(level)


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_constant_text_with_fields(output: io.StringIO) -> None:
    """One JSON object a line, with the process and the identifiers."""
    structlog.get_logger().info("attempt sent", attempt_id="a-1", obligation_id="cv:1", channel="sms")
    (line,) = _lines(output)
    assert line["event"] == "attempt sent"
    assert (line["process"], line["attempt_id"], line["obligation_id"], line["level"]) == ("intake", "a-1", "cv:1", "info")


def test_an_instant_is_written_as_everywhere(output: io.StringIO) -> None:
    """RFC 3339 with its offset, not Python's own spelling of it."""
    structlog.get_logger().info("obligation", next_at=datetime(2026, 11, 23, 8, tzinfo=UTC))
    (line,) = _lines(output)
    assert line["next_at"] == "2026-11-23T08:00:00+00:00"


def test_a_field_that_nobody_listed_is_dropped_by_name(output: io.StringIO) -> None:
    """A telephone number cannot slip in: the line says which field was dropped, not what was in it (§8.3)."""
    structlog.get_logger().warning("strange", phone="+33612345678", first_name="Luc", person_id="p-1")
    (line,) = _lines(output)
    assert line["dropped_fields"] == ["first_name", "phone"]
    assert line["person_id"] == "p-1"
    assert "+336" not in output.getvalue()
    assert "Luc" not in output.getvalue()


def test_an_exception_is_its_class_and_its_places(output: io.StringIO) -> None:
    """An exception's message may quote data, so it stays out; where it came from is kept (§8.3)."""
    try:
        int("luc@example.org")
    except ValueError:
        structlog.get_logger().exception("could not read")
    (line,) = _lines(output)
    assert line["error"] == "ValueError"
    assert "test_an_exception_is_its_class_and_its_places" in line["exception"][0]
    assert "luc@" not in output.getvalue()


def test_a_library_is_heard_but_not_quoted(output: io.StringIO) -> None:
    """We keep who said something and how bad it is: an SMTP library quotes addresses."""
    logging.getLogger("aiosmtplib").warning("550 no such user %s", "luc@example.org")
    logging.getLogger("aiosmtplib").info("talking to luc@example.org")
    (line,) = _lines(output)
    assert (line["logger"], line["level"], line["event"]) == ("aiosmtplib", "warning", "library said")
    assert "luc@" not in output.getvalue()


def test_bound_fields_reach_every_line(output: io.StringIO) -> None:
    """What a step binds once (the attempt) is in all its lines."""
    with structlog.contextvars.bound_contextvars(attempt_id="a-7"):
        structlog.get_logger().info("claimed")
    assert _lines(output)[0]["attempt_id"] == "a-7"


def test_control_characters_of_a_name_are_told_as_a_count(output: io.StringIO) -> None:
    """Whose and how many, so that the source can be mended; never which (§10.18)."""
    log_changes(Changes(cleaned=[Cleaned(person_id=PersonId("p-1042"), count=3)]))
    (line,) = _lines(output)
    assert (line["event"], line["level"], line["person_id"], line["count"]) == ("control characters removed", "warning", "p-1042", 3)


def test_a_library_that_repeats_itself_is_told_once_and_counted(output: io.StringIO) -> None:
    """A client without its broker complains twenty times a second: one line in ten seconds and place, with how often it was said."""
    instants = [1000.0 + 0.05 * number for number in range(200)] + [1012.0]
    logger = logging.getLogger("aiokafka")
    for created in instants:
        logger.handle(logging.makeLogRecord({"name": "aiokafka", "levelno": logging.ERROR, "lineno": 325, "created": created}))
    first, second = _lines(output)
    assert "count" not in first
    assert second["count"] == 200


def test_two_places_of_a_library_are_not_mistaken_for_each_other(output: io.StringIO) -> None:
    """Another line of the library, or another exception there, is another thing said."""
    for lineno, problem in ((325, None), (435, None), (435, OSError()), (435, TimeoutError())):
        more = {"exc_info": (type(problem), problem, None)} if problem is not None else {}
        record = {"name": "aiokafka", "levelno": logging.ERROR, "lineno": lineno, "created": 1000.0} | more
        logging.getLogger("aiokafka").handle(logging.makeLogRecord(record))
    assert len(_lines(output)) == 4
