"""What an HTTP provider's answer, or the lack of one, says about whether it has our request."""

from collections.abc import Mapping
from datetime import timedelta

import httpx

from services.adapters.providers.plain import number_of, words_of
from services.core.ports.providers import OutcomeUnknown


class Unsent(Exception):
    """No connection: the provider does not have the request."""


async def ask(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    data: Mapping[str, str] | None = None,
    json: object = None,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response | OutcomeUnknown:
    """One request. Raises ``Unsent`` when it was not handed over; ``OutcomeUnknown`` when it was and no answer came."""
    try:
        return await client.request(method, url, data=data, json=json, files=files, params=params, headers=headers)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Unsent(type(error).__name__) from error
    except httpx.RequestError as error:
        # no answer, or one whose octets are not what its headers say
        return OutcomeUnknown(raw_status=type(error).__name__)


def word_of(response: httpx.Response, key: str) -> str:
    """A field of a JSON object as text; empty when there is none."""
    try:
        return words_of(response.content).get(key, "")
    except ValueError:
        return ""


def retry_after(response: httpx.Response) -> timedelta | None:
    """``Retry-After`` in seconds, at most an hour; none when absent or a date."""
    seconds = number_of(response.headers.get("retry-after", ""))
    return None if seconds is None else timedelta(seconds=min(seconds, 3600))
