"""What every provider test stands on: a clock that stands still, a town with a script, a feedback that remembers."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from services.core.content import Content, EmailContent, LetterContent, SmsContent, VoiceContent
from services.core.ports.providers import Envelope, ProviderReceipt, ProviderReply
from services.core.ports.streams import NotPublished
from services.core.words import Channel
from services.simulator.servers.town import Accept, Answer, Submission

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)

SCRIPT = VoiceContent(
    greeting="Bonjour. Ceci est un message pour Leïla Test.",
    identity_question="Si vous êtes Leïla Test, appuyez sur 1. Si ce n'est pas vous, appuyez sur 9.",
    body="Vous avez rendez-vous mardi premier décembre à dix heures trente.",
    choices="Appuyez sur 1 si vous venez, 2 si vous ne pouvez pas, 3 pour être rappelé, 0 pour répéter.",
    thanks={"1": "Merci, à mardi.", "2": "C'est noté.", "3": "Nous vous rappelons."},
    unknown_key="Touche non reconnue.",
    goodbye="Rappelez le 3949. Au revoir.",
    voicemail="France Travail a un message important pour Leïla. Rappelez le 3949.",
)

CONTENTS: dict[Channel, Content] = {
    Channel.SMS: SmsContent(text="France Travail : rendez-vous mardi 1er décembre à 10h30.", encoding="GSM-7", parts=1),
    Channel.VOICE: SCRIPT,
    Channel.EMAIL: EmailContent(
        subject="France Travail : votre rendez-vous",
        text="Mardi 1er décembre à 10 h 30.\n",
        html="<p>Mardi 1er décembre à 10 h 30.</p>",
        calendar=b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:PUBLISH\r\nEND:VCALENDAR\r\n",
    ),
    Channel.LETTER: LetterContent(
        pdf=b"%PDF-1.7\n%%EOF\n", text="Mardi 1er décembre", pages=1, address_lines=("LEILA TEST", "12 RUE DES LILAS", "59000 LILLE")
    ),
}

ADDRESSES: dict[Channel, str] = {
    Channel.SMS: "+33612345678",
    Channel.VOICE: "+33140010000",
    Channel.EMAIL: "leila@example.org",
    Channel.LETTER: "",
}


class StillClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._now = NOW

    def now(self) -> datetime:
        """The instant that was set."""
        return self._now

    def move(self, by: timedelta) -> None:
        """Later."""
        self._now += by


class ScriptedTown:
    """Answers what the test says, and remembers what was submitted."""

    def __init__(self) -> None:
        self.script: Callable[[Submission], Answer] = lambda _: Accept()
        self.submissions: list[Submission] = []
        self._asked = asyncio.Event()

    async def asked(self) -> None:
        """Wait for the first submission."""
        async with asyncio.timeout(5):
            await self._asked.wait()

    def answer(self, submission: Submission) -> Answer:
        """As scripted."""
        self.submissions.append(submission)
        self._asked.set()
        return self.script(submission)

    def always(self, answer: Answer) -> None:
        """The same for everybody."""
        self.script = lambda _: answer

    @property
    def last(self) -> Submission:
        """The newest submission."""
        return self.submissions[-1]


class Remembered:
    """A ``Feedback`` that keeps everything, and can be away."""

    def __init__(self) -> None:
        self.receipts: list[ProviderReceipt] = []
        self.replies: list[ProviderReply] = []
        self.away = False
        self._arrived = asyncio.Event()

    async def receipt(self, receipt: ProviderReceipt) -> None:
        """Keep it."""
        self._check()
        self.receipts.append(receipt)

    async def reply(self, reply: ProviderReply) -> None:
        """Keep it."""
        self._check()
        self.replies.append(reply)

    def _check(self) -> None:
        if self.away:
            raise NotPublished([0], "away")
        self._arrived.set()

    async def arrived(self) -> None:
        """Wait for the next thing to come."""
        self._arrived.clear()
        async with asyncio.timeout(5):
            await self._arrived.wait()


def envelope(channel: Channel, attempt_id: str = "cv:42:1:N0:1", *, content: Content | None = None, to: str | None = None) -> Envelope:
    """A message to Leïla."""
    return Envelope(
        attempt_id=attempt_id,
        person_id="p-1",
        try_number=1,
        channel=channel,
        to=ADDRESSES[channel] if to is None else to,
        to_name="Leïla Test",
        content=content or CONTENTS[channel],
        valid_until=NOW + timedelta(hours=4),
        reference="K7Q4-PM2X",
    )
