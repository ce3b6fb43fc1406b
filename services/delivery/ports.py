"""What delivery needs from the world beside store, texts and providers."""

from dataclasses import dataclass
from typing import Protocol


class Seals(Protocol):
    """Keyed derivations: what a person holds to find or answer a message."""

    def link_token(self, attempt_id: str) -> str:
        """Last path segment of the acknowledgement link."""
        ...

    def reference(self, attempt_id: str) -> str:
        """Eight characters to read out on the telephone, K7Q4-PM2X."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Senders:
    """Who we are on each channel (§4.2)."""

    #: number or name that sends our SMS
    sms_sender: str
    #: can people answer that sender?
    sms_two_way: bool
    #: number that our calls show, national form
    calling_number: str
    #: "https://…" without a slash at the end; links are this plus /a/ and the token
    public_url: str
