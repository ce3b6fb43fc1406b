"""Everything that hangs on the service's key: hashes of senders, sealed texts, link tokens, references, signatures."""

import base64
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: no letter that is read as a digit or as another one on the telephone
_ALPHABET: Final = "23456789ACDEFGHJKLMNPQRTUVWXYZ"
_NONCE: Final = 12
_HASH: Final = "sha256"
#: 96 bits: cannot be guessed, and short enough for an SMS
_TOKEN_BYTES: Final = 12


class Seals:
    """Keys for each use are derived from the one secret (HKDF, RFC 5869): one use never tells of another."""

    def __init__(self, service_key: bytes) -> None:
        self._senders = _derive(service_key, b"senders")
        self._links = _derive(service_key, b"links")
        self._references = _derive(service_key, b"references")
        self._signatures = _derive(service_key, b"signatures")
        self._texts = AESGCM(_derive(service_key, b"texts"))

    def sender_hash(self, value: str) -> str:
        """Keyed hash of an E.164 number or an e-mail address, as hexadecimal digits (contracts §1)."""
        return hmac.digest(self._senders, value.strip().lower().encode(), _HASH).hex()

    def link_token(self, attempt_id: str) -> str:
        """Last path segment of an acknowledgement link: 96 bits, safe in addresses and in SMS."""
        digest = hmac.digest(self._links, attempt_id.encode(), _HASH)[:_TOKEN_BYTES]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def reference(self, attempt_id: str) -> str:
        """Eight characters to read out on the telephone, "K7Q4-PM2X" (§8.2)."""
        number = int.from_bytes(hmac.digest(self._references, attempt_id.encode(), _HASH))
        letters = []
        for _ in range(8):
            number, place = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[place])
        return f"{''.join(letters[:4])}-{''.join(letters[4:])}"

    def seal(self, text: str) -> str:
        """Encrypted and authenticated (AES-256-GCM); the same text seals differently each time."""
        nonce = os.urandom(_NONCE)
        return base64.urlsafe_b64encode(nonce + self._texts.encrypt(nonce, text.encode(), None)).decode()

    def unseal(self, sealed: str) -> str | None:
        """The text; none when it was not sealed with this key."""
        try:
            raw = base64.urlsafe_b64decode(sealed)
            return self._texts.decrypt(raw[:_NONCE], raw[_NONCE:], None).decode()
        except (InvalidTag, ValueError):
            return None

    def sign(self, *parts: str) -> str:
        """A signature over parts, in order; parts cannot run into each other."""
        message = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
        return hmac.digest(self._signatures, message, _HASH).hex()

    def verify(self, signature: str, *parts: str) -> bool:
        """Was this signed here? In constant time."""
        return hmac.compare_digest(signature.encode(), self.sign(*parts).encode())


def _derive(secret: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sans-faute/" + use).derive(secret)
