"""What travels with a mail so that whatever comes back finds its attempt: a reference in the return path, ENVID and the Message-ID.

The reference is keyed: only who has had the mail can know it, and nobody can make one for another attempt.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

_REFERENCE: Final = re.compile(r"[a-z2-7]{24}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """The addresses under which things come back."""

    #: key of the references; at least 16 characters, kept as long as mails may come back
    secret: str
    #: domain of the return path; its MX is our receiver
    domain: str
    #: local part of the return path, before ``+reference``
    mailbox: str = "retour"

    def reference(self, attempt_id: str) -> str:
        """24 characters of ``a-z2-7``: they survive servers that change the case of ENVID, and fit into every local part."""
        digest = hmac.new(self.secret.encode(), attempt_id.encode(), hashlib.sha256).digest()
        return base64.b32encode(digest[:15]).decode().lower()

    def return_path(self, attempt_id: str) -> str:
        """Variable envelope return path: one address for each attempt."""
        return f"{self.mailbox}+{self.reference(attempt_id)}@{self.domain}"

    def message_id(self, attempt_id: str) -> str:
        """The same for every try: a mailbox shows a repeated mail once. ``:`` may not stand there (RFC 5322 §3.6.4), ``/`` may."""
        return f"<{attempt_id.replace(':', '/')}/{self.reference(attempt_id)}@{self.domain}>"

    def reference_in(self, address: str) -> str | None:
        """The reference in a return path; none for any other address."""
        local, _, domain = address.strip("<> ").rpartition("@")
        mailbox, plus, reference = local.lower().partition("+")
        if domain.lower() != self.domain.lower() or mailbox != self.mailbox or not plus or not _REFERENCE.fullmatch(reference):
            return None
        return reference

    def attempt_in(self, text: str) -> str | None:
        """The attempt whose Message-ID stands in this header, if the reference in it is ours."""
        for found in re.findall(r"<([^<>\s]+)@" + re.escape(self.domain) + ">", text, re.IGNORECASE):
            packed, _, reference = str(found).rpartition("/")
            attempt_id = packed.replace("/", ":")
            if hmac.compare_digest(self.reference(attempt_id).encode(), reference.lower().encode()):
                return attempt_id
        return None
