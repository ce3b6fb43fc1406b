"""One rig for each provider. A new provider joins the suite with a class in its own file and a line in ``RIGS``."""

from collections.abc import Callable
from pathlib import Path

from tests.conformance.providers.rig import IMPATIENT, RETURNS, Rig
from tests.conformance.providers.rigs_memory import MemoryEmail, MemoryLetters, MemoryRig, MemorySms, MemoryVoice
from tests.conformance.providers.rigs_real import MailevaRig, SmppRig, SmtpRig, TwilioRig

__all__ = ["IMPATIENT", "REAL", "RETURNS", "RIGS", "WORDS", "MailevaRig", "Rig", "SmppRig", "SmtpRig", "TwilioRig"]

#: over the real protocols
REAL: dict[str, type[SmppRig | SmtpRig | TwilioRig | MailevaRig]] = {
    "smpp": SmppRig,
    "smtp": SmtpRig,
    "twilio": TwilioRig,
    "maileva": MailevaRig,
}
#: in their place in simulations
MEMORY: dict[str, type[MemoryRig]] = {
    "memory-sms": MemorySms,
    "memory-email": MemoryEmail,
    "memory-voice": MemoryVoice,
    "memory-letters": MemoryLetters,
}
RIGS: dict[str, Callable[[Path], Rig]] = {**REAL, **MEMORY}
#: every word that can be reported, by rig
WORDS = [(name, word) for name, rig in (REAL | MEMORY).items() for word in rig.receipts]
