"""Who we are on every channel, from the operator's settings: one place, because delivery writes it and the web verifies it."""

from services.adapters.providers.opening import Identity
from services.adapters.providers.smtp.addresses import Returns
from services.adapters.providers.smtp.mail import Sender
from services.adapters.seals import Seals

#: a window of an envelope shows six lines; the first is the name
_LINES = 6


def identity_of(
    *,
    seals: Seals,
    name: str,
    address: tuple[str, ...],
    email_from: str,
    sms_sender: str,
    calling_number: str,
    public_url: str,
) -> Identity:
    """``calling_number`` in national form, however it is spaced; ``address`` are the lines under the name, perhaps none."""
    domain = email_from.rpartition("@")[2]
    return Identity(
        sms_sender=sms_sender,
        calling_number=f"+33{national(calling_number)[1:]}",
        mail=Sender(name=name, address=email_from, reply_to=email_from),
        # the key of return paths hangs on the service's key, as links do
        returns=Returns(secret=seals.sign("return path"), domain=domain),
        letter_lines=(name, *address)[:_LINES],
        public_url=public_url,
    )


def national(number: str) -> str:
    """A French number as ten digits."""
    digits = "".join(sign for sign in number if sign.isdigit())
    return f"0{digits.removeprefix('00').removeprefix('33')}" if not digits.startswith("0") or digits.startswith("0033") else digits


def spaced(number: str) -> str:
    """A French number as people read it, "09 48 12 34 56"."""
    digits = national(number)
    return " ".join(digits[at : at + 2] for at in range(0, len(digits), 2))
