"""The way of an event can be walked: each step's docstring ends with the next stop."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Where an event goes, as the architecture page tells it: through intake and planner, out, to the person, and back.
JOURNEY: dict[str, str] = {
    "services/intake/app.py": "services/intake/receive.py",
    "services/intake/receive.py": "services/planner/wake.py",
    "services/planner/wake.py": "services/core/decide.py",
    "services/core/decide.py": "services/core/kinds/convocation.py",
    "services/core/kinds/convocation.py": "services/relay/relay.py",
    "services/relay/relay.py": "services/delivery/deliver.py",
    "services/delivery/deliver.py": "templates/notices/convocation/sms.txt",
    # here the provider reaches the person; what comes back comes in by one of two doors
    "services/web/callbacks.py": "services/evidence/apply.py",
    "services/web/acknowledge.py": "services/evidence/apply.py",
    "services/evidence/apply.py": "services/planner/wake.py",
}


@pytest.mark.parametrize(("stop", "following"), JOURNEY.items(), ids=JOURNEY)
def test_each_step_names_the_next(stop: str, following: str) -> None:
    """The last line of the module's docstring is ``Next:`` and the file that the reader opens next, which exists."""
    docstring = ast.get_docstring(ast.parse((ROOT / stop).read_text("utf-8"))) or ""
    assert docstring.splitlines()[-1] == f"Next: {following}"
    assert (ROOT / following).exists()


def test_no_step_leads_nowhere() -> None:
    """Whatever else says ``Next:`` names a file or folder of the checkout."""
    astray = []
    for path in (ROOT / "services").rglob("*.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        for line in docstring.splitlines():
            if line.startswith("Next: "):
                target = line.removeprefix("Next: ").rstrip(".")
                if not (ROOT / target).exists():
                    astray.append(f"{path.relative_to(ROOT)}: {target}")
    assert not astray
