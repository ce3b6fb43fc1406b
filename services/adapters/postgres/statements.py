"""The statements of ``sql/*.sql``, by name; each block begins with ``-- name: …`` and one sentence on what it is for."""

import re
from collections.abc import Mapping
from pathlib import Path

_HEADING = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def read_statements(folder: Path) -> dict[str, str]:
    """All named blocks under a folder; raises ``ValueError`` when a name stands twice or a block has no sentence."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.sql")):
        pieces = _HEADING.split(path.read_text("utf-8"))[1:]
        for name, block in zip(pieces[::2], pieces[1::2], strict=True):
            if name in found:
                raise ValueError(f"{path.name}: a statement named {name} exists already")
            lines = block.strip().splitlines()
            if not lines[0].startswith("-- "):
                raise ValueError(f"{path.name}: {name} does not say what it is for")
            found[name] = "\n".join(line for line in lines if not line.lstrip().startswith("--")).rstrip(";")
    return found


#: every statement that the adapters run
SQL: Mapping[str, str] = read_statements(Path(__file__).with_name("sql"))
