"""``python -m services.adapters.rendering.checker [templates folder]``: exit 0 when every text is plain and honest, 1 when not."""

import sys
from pathlib import Path

from services.adapters.rendering.checker.check import check

_TEMPLATES = Path(__file__).parents[4] / "templates"


def main(arguments: list[str]) -> int:
    """Print each finding as ``file: rule: words``, then a count."""
    report = check(Path(arguments[0]) if arguments else _TEMPLATES)
    lines = [str(finding) for finding in report.findings]
    lines.append(f"{report.messages} messages read, {len(report.findings)} findings")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
