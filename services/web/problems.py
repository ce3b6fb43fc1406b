"""Refusals for programs: problem details (RFC 9457), saying what is wrong and never what was sent."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse

CONTENT_TYPE: Final = "application/problem+json"


def problem(status: int, title: str, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """One refusal; ``title`` is a plain sentence."""
    said = {"type": "about:blank", "status": status, "title": title}
    return JSONResponse(said, status_code=status, headers=dict(headers or {}), media_type=CONTENT_TYPE)
