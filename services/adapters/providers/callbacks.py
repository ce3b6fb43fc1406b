"""How a provider calls us back over HTTP: one request, judged and read by a source without any web framework.

The sources themselves are listed in ``sources.py``. Next: the web process publishes what was read, then answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl

from services.core.content import VoiceContent
from services.core.ports.providers import ProviderReceipt, ProviderReply


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """A request as it came in. ``url`` is the public one that the provider called, with its query; header names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def form(self) -> dict[str, str]:
        """Fields of a form body; raises ``ValueError`` when it is not UTF-8."""
        return dict(parse_qsl(self.body.decode("utf-8"), keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackResult:
    """What the provider says, and what it wants to hear once Kafka has that."""

    receipts: tuple[ProviderReceipt, ...] = ()
    replies: tuple[ProviderReply, ...] = ()
    response_body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    #: 2xx; Maileva wants 201
    status_code: int = 200


class CallbackSource(Protocol):
    """One provider's way to call us back."""

    @property
    def name(self) -> str:
        """Last segment of ``/callbacks/{provider}``, and the provider's name in receipts."""
        ...

    def authentic(self, request: CallbackRequest) -> bool:
        """Signature over the raw request right, and the signed instant, where there is one, within the replay window."""
        ...

    async def read(self, request: CallbackRequest) -> CallbackResult:
        """Canonical words.

        Raises ``ValueError`` for what cannot be read, ``ConnectionError`` when the provider must be asked and is away.
        """
        ...


class Scripts(Protocol):
    """The calls' scripts, by attempt."""

    async def script(self, attempt_id: str) -> VoiceContent | None:
        """What this call has to say; none when the attempt is unknown."""
        ...
