"""Every way in which a provider can call us back, by the word that chooses it: a new one is a file of its own and a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from services.adapters.providers.callbacks import CallbackSource, Scripts
from services.adapters.providers.letters.callbacks import MailevaCallbacks
from services.adapters.providers.letters.maileva import MailevaApi
from services.adapters.providers.signed import SignedCallbacks
from services.adapters.providers.twilio.callbacks import TwilioVoiceCallbacks
from services.core.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceParts:
    """What sources are made of; each takes what it needs."""

    #: last segment of ``/callbacks/{provider}``, and the provider's name in receipts
    name: str
    #: token or password that the provider signs with, or shows
    secret: str
    #: user name beside it, where there is one
    user: str = ""
    #: where the provider reaches us, without a slash at the end
    public_url: str
    scripts: Scripts
    clock: Clock
    #: the print shop's API, shared with its provider
    letters: MailevaApi | None = None


def _maileva(parts: SourceParts) -> CallbackSource:
    if parts.letters is None:
        raise ValueError("a print shop's webhooks need its API")
    return MailevaCallbacks(parts.name, user=parts.user, password=parts.secret, api=parts.letters, clock=parts.clock)


SOURCES: Final[Mapping[str, Callable[[SourceParts], CallbackSource]]] = {
    "twilio": lambda parts: TwilioVoiceCallbacks(parts.name, parts.secret, parts.public_url, parts.scripts, parts.clock),
    "maileva": _maileva,
    "signed": lambda parts: SignedCallbacks(parts.name, parts.secret, parts.clock),
}
