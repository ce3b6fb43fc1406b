"""The proof of reception, for a sanction procedure and for the defence (contracts §4, §2.3): the document, its hash, our signature."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.core.ports.proofs import Proofs
from services.core.proof import Proof
from services.web.ports import Access

#: what a signature is over: the use, then the hash
_USE: Final = "proof"
_PDF: Final = "application/pdf"


class PrintedProof(Protocol):
    """The same document for people."""

    def __call__(self, proof: Proof, signature: str) -> bytes:
        """A PDF."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPages:
    """``GET /obligations/{id}/proof`` on the staff listener; each look is logged."""

    proofs: Proofs
    access: Access
    #: the service's signature over these words
    sign: Callable[..., str]
    printed: PrintedProof

    def routes(self) -> list[Route]:
        """One address; ``Accept: application/pdf`` or ``?format=pdf`` asks for the printed form."""
        return [Route("/obligations/{obligation_id}/proof", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """The newest proof; 404 while there is no verdict."""
        proof = await self.proofs.proof(request.path_params["obligation_id"])
        if proof is None:
            raise HTTPException(404)
        await self.access.record(actor="procedure", person_id=proof.person_id, purpose="read_proof", granted=True)
        signature = self.sign(_USE, proof.digest)
        if request.query_params.get("format") == "pdf" or request.headers.get("accept", "").startswith(_PDF):
            return Response(self.printed(proof, signature), media_type=_PDF)
        return JSONResponse({"proof": json.loads(proof.document), "sha256": proof.digest, "signature": signature})
