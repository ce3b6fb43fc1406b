"""Letters into a folder: one PDF and one JSON file each, for an own printer or for looking at."""

import asyncio
import hashlib
import json
import os
import re
from pathlib import Path

from services.core.content import LetterContent
from services.core.ports.clock import Clock
from services.core.ports.providers import Absent, Accepted, CannotTell, Envelope, Outcome, TryLater
from services.core.words import Channel, Why


class FolderLetters:
    """The JSON file is written last, under its final name in one step: it stands for "this letter is complete"."""

    channel = Channel.LETTER

    def __init__(self, name: str, folder: Path, clock: Clock) -> None:
        self.name = name
        self._folder = folder
        self._clock = clock

    async def send(self, envelope: Envelope) -> Outcome:
        """Write it, unless it is there already: the same attempt is the same letter."""
        if not isinstance(envelope.content, LetterContent):
            raise TypeError("a folder of letters takes letters")
        try:
            reference = await asyncio.to_thread(self._write, envelope, envelope.content)
        except OSError as error:
            return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status=type(error).__name__)
        return Accepted(provider_ref=reference)

    async def find(self, attempt_id: str) -> Accepted | Absent | CannotTell:
        """The folder knows."""
        reference = file_name(attempt_id)
        if await asyncio.to_thread((self._folder / f"{reference}.json").exists):
            return Accepted(provider_ref=reference)
        return Absent()

    def _write(self, envelope: Envelope, content: LetterContent) -> str:
        reference = file_name(envelope.attempt_id)
        self._folder.mkdir(parents=True, exist_ok=True)
        card = self._folder / f"{reference}.json"
        if card.exists():
            return reference
        told = {
            "attempt_id": envelope.attempt_id,
            "reference": envelope.reference,
            "address_lines": list(content.address_lines),
            "pages": content.pages,
            "pdf": f"{reference}.pdf",
            "sha256": hashlib.sha256(content.pdf).hexdigest(),
            "written_at": self._clock.now().isoformat(),
        }
        _put(self._folder / f"{reference}.pdf", content.pdf)
        _put(card, json.dumps(told, ensure_ascii=False, indent=2).encode())
        return reference


def file_name(attempt_id: str) -> str:
    """A name that every file system takes; two attempts never share one."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", attempt_id)
    if plain == attempt_id and len(plain) <= 100:
        return plain
    return f"{plain[:100]}-{hashlib.sha256(attempt_id.encode()).hexdigest()[:12]}"


def _put(path: Path, octets: bytes) -> None:
    """On disk under its name completely, or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    with unfinished.open("wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
