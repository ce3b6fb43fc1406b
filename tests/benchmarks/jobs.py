"""What the peers of ``sending`` do for a job, whatever queue it comes from: one message, through our own SMPP provider."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.adapters.clock import SystemClock
from services.adapters.providers.smpp.provider import SmppProvider, SmppSettings
from services.core.content import SmsContent
from services.core.ports.providers import Accepted, Envelope, ProviderReceipt, ProviderReply
from services.core.words import Channel
from tests.benchmarks.processes import PASSWORD, number_of


def jobs(people: Sequence[str], text: str) -> list[dict[str, str]]:
    """What ``send`` is given, for each of these people."""
    until = (SystemClock().now() + timedelta(hours=8)).isoformat()
    return [{"attempt_id": each, "to": number_of(each), "text": text, "valid_until": until} for each in people]


def provider(port: int) -> SmppProvider:
    """An account at the SMSC on this port, not connected yet."""
    settings = SmppSettings(host="127.0.0.1", port=port, system_id="bench", password=PASSWORD, sender="38123")
    return SmppProvider("bench", settings, _NothingComesBack(), SystemClock())


async def send(through: SmppProvider, *, attempt_id: str, to: str, text: str, valid_until: str) -> None:
    """Raises when the SMSC does not take it, so that the queue would try again."""
    envelope = Envelope(
        attempt_id=attempt_id,
        person_id=attempt_id,
        try_number=1,
        channel=Channel.SMS,
        to=to,
        to_name="",
        content=SmsContent(text=text, encoding="GSM-7", parts=1),
        valid_until=datetime.fromisoformat(valid_until),
        reference=attempt_id,
    )
    outcome = await through.send(envelope)
    if not isinstance(outcome, Accepted):
        raise TypeError(f"not accepted: {outcome}")


class _NothingComesBack:
    """The telephones of this benchmark are silent."""

    async def receipt(self, receipt: ProviderReceipt) -> None:
        """See ``Feedback.receipt``."""
        raise AssertionError

    async def reply(self, reply: ProviderReply) -> None:
        """See ``Feedback.reply``."""
        raise AssertionError
