"""What `sans-faute up` sends through when no provider is configured: simulated ones on this machine, said clearly."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from services.adapters.clock import SystemClock
from services.core.words import Channel
from services.runtime.embedded.children import free_ports
from services.runtime.readers import Listen, ProviderUrl
from services.runtime.settings import Settings
from services.simulator.quiet_town import quiet_providers

#: letters that reach nobody need a sender as well
_EXAMPLE_ADDRESS = ("1 PLACE DE LA GARE", "59000 LILLE")


@asynccontextmanager
async def with_providers(settings: Settings, say: Callable[[str], None]) -> AsyncIterator[Settings]:
    """The settings as they are when any provider is set; else with simulated providers that run until the block ends."""
    if settings.providers():
        yield settings
        return
    folder = settings.output_dir / "up"
    public_url = f"http://{settings.public_listen}"
    returns = settings.bounce_listen or Listen(host="127.0.0.1", port=free_ports(1)[0])

    def seen(channel: Channel, path: Path) -> None:
        say(f"Simulated {channel} taken: {path}")

    async with quiet_providers(
        SystemClock(),
        folder,
        public_url=public_url,
        returns_to=(returns.host, returns.port),
        complaints_to=f"abuse@{settings.email_from.rpartition('@')[2]}",
        seen=seen,
    ) as addresses:
        say("No provider is configured: messages go to simulated ones on this machine and reach nobody.")
        say(f"Every message is kept in {folder}; set SMS_PROVIDERS, VOICE_URL, SMTP_URL, LETTER_URL to send for real.")
        yield replace(
            settings,
            sms_providers=(ProviderUrl(name="sms", url=addresses.sms),),
            voice_url=addresses.voice,
            smtp_url=addresses.email,
            letter_url=addresses.letter,
            sender_address=settings.sender_address or _EXAMPLE_ADDRESS,
            bounce_listen=returns,
            channels_owned=tuple(str(channel) for channel in Channel),
            # they call back to us, whatever address people outside see
            public_url=public_url,
        )
