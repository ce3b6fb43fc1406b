"""The proof of reception, printed: the ledger's document in French, with its hash and the service's signature (§2.3, SC-48)."""

import json
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typst
from jinja2 import Environment

from services.adapters.rendering.typography import typographic
from services.core.content import Unrenderable
from services.core.proof import Proof

_PARIS = ZoneInfo("Europe/Paris")


class ProofPress:
    """Typst with its fonts loaded once; instants are Paris's."""

    def __init__(self, templates_dir: Path, templates: Environment) -> None:
        self._templates = templates
        self._vocabulary = templates.get_template("pages/words.html").module
        self._words: Mapping[str, str] = tomllib.loads((templates_dir / "proof" / "words.toml").read_text(encoding="utf-8"))
        self._compiler = typst.Compiler(
            input=str(templates_dir / "proof" / "proof.typ"),
            root=str(templates_dir / "proof"),
            font_paths=[str(templates_dir / "fonts")],
            ignore_system_fonts=True,
        )

    def __call__(self, proof: Proof, signature: str) -> bytes:
        """A PDF/A-2a, readable by a screen reader. Raises ``Unrenderable``."""
        sheet = self.sheet(proof, signature)
        try:
            pdf = self._compiler.compile(
                format="pdf", pdf_standards=["a-2a", "ua-1"], sys_inputs={"proof": json.dumps(sheet, ensure_ascii=False)}
            )
        except typst.TypstError as error:
            raise Unrenderable("unprintable") from error
        if not isinstance(pdf, bytes):
            raise TypeError("a PDF is one file")
        return pdf

    def sheet(self, proof: Proof, signature: str) -> Mapping[str, object]:
        """Everything that the layout reads."""
        document: dict[str, Any] = json.loads(proof.document)
        words = self._words
        names = ("title", "facts_title", "messages_title", "no_message", "seal_title", "seal_words", "signature_title")
        return {
            **{name: typographic(words[name]) for name in names},
            "pairs": self._pairs(document),
            "facts": [typographic(line) for line in document["text"]],
            "messages": [self._message(row) for row in document["messages"]],
            "sha256": proof.digest,
            "signature": signature,
        }

    def _pairs(self, document: Mapping[str, Any]) -> list[tuple[str, str]]:
        words = self._words
        found = [
            (words["duty"], document["obligation_id"]),
            (words["due"], self._moment(document["due_at"])),
            (words["verdict"], self._say("words.verdict(value)", value=document["verdict"])),
            (words["evidence"], self._say("words.evidence(level, how, none)", level=document["evidence"], how=document["evidence_how"])),
            (words["decided"], self._moment(document["decided_at"])),
        ]
        return [(title, typographic(text)) for title, text in found]

    def _message(self, row: Mapping[str, Any]) -> str:
        at = row["sent_at"] or row["released_at"]
        return typographic(
            self._say(
                self._words["message"],
                channel=row["channel"],
                step=row["items"][0]["step"],
                state=row["state"],
                reason=row["reason"],
                at=_local(at),
            )
        )

    def _moment(self, instant: str) -> str:
        return self._say("at|moment", at=_local(instant))

    def _say(self, source: str, **names: object) -> str:
        text = source if "{{" in source else f"{{{{ {source} }}}}"
        return " ".join(self._templates.from_string(text).render(names, words=self._vocabulary).split())


def _local(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(_PARIS)
