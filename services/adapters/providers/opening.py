"""From the address in a setting to a provider, and to the source of its callbacks: one line for each kind of address.

``smpp://system:password@host:2775`` (``smpps`` with TLS) · ``smtp://user:password@host:587`` (``smtps``; ``?tls=none`` without TLS) ·
``https://account:token@host`` for calls · ``https://client:secret@host?user=…&password=…`` or ``file:///folder`` for letters.
"""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from services.adapters.providers.callbacks import CallbackSource, Scripts
from services.adapters.providers.letters.folder import FolderLetters
from services.adapters.providers.letters.maileva import TOKEN_URL, MailevaApi, MailevaLetters, MailevaSettings
from services.adapters.providers.smpp.provider import SmppProvider, SmppSettings
from services.adapters.providers.smpp.session import Limits
from services.adapters.providers.smtp.addresses import Returns
from services.adapters.providers.smtp.mail import Sender
from services.adapters.providers.smtp.mailbox import SmtpMailbox
from services.adapters.providers.smtp.provider import SmtpProvider, SmtpSettings
from services.adapters.providers.sources import SOURCES, SourceParts
from services.adapters.providers.twilio.provider import TwilioSettings, TwilioVoice
from services.adapters.providers.unreadable import TellUnread, untold
from services.core.ports.clock import Clock
from services.core.ports.providers import Feedback, Provider
from services.core.words import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are on every channel."""

    sms_sender: str
    #: E.164
    calling_number: str
    mail: Sender
    returns: Returns
    #: on the back of the envelope
    letter_lines: tuple[str, ...]
    #: where providers reach ``/callbacks``, without a slash at the end
    public_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A provider, and how its life begins and ends."""

    provider: Provider
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]


Opener = Callable[[str, SplitResult, Identity, Feedback, Clock, TellUnread], Opened]


async def _nothing() -> None:
    """No connection to open or to close."""


def open_provider(
    channel: Channel, name: str, url: str, identity: Identity, feedback: Feedback, clock: Clock, unread: TellUnread = untold
) -> Opened:
    """The provider behind this address; nothing is connected before ``start``. Raises ``ValueError`` for an address of another kind.

    ``unread`` is told of what it sends and nobody can read. The error never quotes the address: it holds a password.
    """
    parts = urlsplit(url)
    opener = OPENERS.get((channel, parts.scheme))
    if opener is None:
        known = ", ".join(f"{scheme}://" for wanted, scheme in OPENERS if wanted is channel)
        raise ValueError(f"{channel} provider {name}: the address must begin with {known}")
    return opener(name, parts, identity, feedback, clock, unread)


def open_source(channel: Channel, name: str, url: str, scripts: Scripts, identity: Identity, clock: Clock) -> CallbackSource | None:
    """Where this provider's callbacks are read, in whatever process; none for one that does not call back over HTTP."""
    kind = CALLING_BACK.get((channel, urlsplit(url).scheme))
    if kind is None:
        return None
    parts = urlsplit(url)
    letters = MailevaApi(_maileva_settings(parts, identity)) if channel is Channel.LETTER else None
    # a print shop's webhooks show the API's own user and password, unless others are ordered
    made = SourceParts(
        name=name,
        secret=_query(parts, "webhook_password") or _password(parts),
        user=_query(parts, "webhook_user") or _user(parts),
        public_url=identity.public_url,
        scripts=scripts,
        clock=clock,
        letters=letters,
    )
    return SOURCES[kind](made)


def _smpp(name: str, url: SplitResult, identity: Identity, feedback: Feedback, clock: Clock, unread: TellUnread) -> Opened:
    settings = SmppSettings(
        host=_host(url),
        port=url.port or (3550 if url.scheme == "smpps" else 2775),
        system_id=_user(url),
        password=_password(url),
        sender=identity.sms_sender,
        system_type=_query(url, "system_type"),
        tls=ssl.create_default_context() if url.scheme == "smpps" else None,
        limits=Limits(window=int(_query(url, "window") or Limits().window)),
    )
    provider = SmppProvider(name, settings, feedback, clock, unread)
    return Opened(provider=provider, start=provider.start, stop=provider.stop)


def open_mailbox(url: str, identity: Identity, clock: Clock) -> SmtpMailbox:
    """Where e-mails to staff are handed over; nothing is connected before the first. Raises ``ValueError`` for another kind of address."""
    parts = urlsplit(url)
    if (Channel.EMAIL, parts.scheme) not in OPENERS:
        raise ValueError("mail server: the address must begin with smtp://, smtps://")
    return SmtpMailbox(provider=SmtpProvider("staff", _smtp_settings("staff", parts, identity), clock), clock=clock)


def _smtp(name: str, url: SplitResult, identity: Identity, feedback: Feedback, clock: Clock, unread: TellUnread) -> Opened:
    provider = SmtpProvider(name, _smtp_settings(name, url, identity), clock, unread)
    return Opened(provider=provider, start=_nothing, stop=provider.stop)


def _smtp_settings(name: str, url: SplitResult, identity: Identity) -> SmtpSettings:
    tls = _query(url, "tls").lower() or ("tls" if url.scheme == "smtps" else "starttls")
    if tls not in {"none", "starttls", "tls"}:
        raise ValueError(f"email provider {name}: tls must be none, starttls or tls")
    return SmtpSettings(
        host=_host(url),
        port=url.port or (465 if url.scheme == "smtps" else 587),
        sender=identity.mail,
        returns=identity.returns,
        username=_user(url) or None,
        password=_password(url) or None,
        tls="none" if tls == "none" else "tls" if tls == "tls" else "starttls",
        helo=identity.returns.domain,
        connections=int(_query(url, "connections") or 2),
    )


def _twilio(name: str, url: SplitResult, identity: Identity, feedback: Feedback, clock: Clock, unread: TellUnread) -> Opened:
    settings = TwilioSettings(
        account_sid=_user(url),
        auth_token=_password(url),
        calling_number=identity.calling_number,
        public_url=identity.public_url,
        base_url=_base(url),
    )
    provider = TwilioVoice(name, settings)
    return Opened(provider=provider, start=_nothing, stop=provider.stop)


def _maileva(name: str, url: SplitResult, identity: Identity, feedback: Feedback, clock: Clock, unread: TellUnread) -> Opened:
    provider = MailevaLetters(name, _maileva_settings(url, identity))
    return Opened(provider=provider, start=_nothing, stop=provider.stop)


def _maileva_settings(url: SplitResult, identity: Identity) -> MailevaSettings:
    settings = MailevaSettings(
        client_id=_user(url),
        client_secret=_password(url),
        username=_query(url, "user"),
        password=_query(url, "password"),
        sender_lines=identity.letter_lines,
        base_url=_base(url),
        token_url=_query(url, "token_url") or TOKEN_URL,
    )
    if not settings.username or not settings.password:
        raise ValueError("letter provider: the address needs ?user=…&password=…")
    return settings


def _folder(name: str, url: SplitResult, identity: Identity, feedback: Feedback, clock: Clock, unread: TellUnread) -> Opened:
    return Opened(provider=FolderLetters(name, Path(unquote(url.path)), clock), start=_nothing, stop=_nothing)


OPENERS: Final[Mapping[tuple[Channel, str], Opener]] = {
    (Channel.SMS, "smpp"): _smpp,
    (Channel.SMS, "smpps"): _smpp,
    (Channel.EMAIL, "smtp"): _smtp,
    (Channel.EMAIL, "smtps"): _smtp,
    (Channel.VOICE, "https"): _twilio,
    (Channel.VOICE, "http"): _twilio,
    (Channel.LETTER, "https"): _maileva,
    (Channel.LETTER, "http"): _maileva,
    (Channel.LETTER, "file"): _folder,
}

#: which source (``sources.py``) reads the callbacks of a kind of address
CALLING_BACK: Final[Mapping[tuple[Channel, str], str]] = {
    (Channel.VOICE, "https"): "twilio",
    (Channel.VOICE, "http"): "twilio",
    (Channel.LETTER, "https"): "maileva",
    (Channel.LETTER, "http"): "maileva",
}


def _host(url: SplitResult) -> str:
    if not url.hostname:
        raise ValueError("the address has no host")
    return url.hostname


def _base(url: SplitResult) -> str:
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{_host(url)}{port}"


def _user(url: SplitResult) -> str:
    return unquote(url.username or "")


def _password(url: SplitResult) -> str:
    return unquote(url.password or "")


def _query(url: SplitResult, name: str) -> str:
    return parse_qs(url.query).get(name, [""])[0]
