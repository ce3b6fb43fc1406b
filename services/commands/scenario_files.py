"""Scenario files as a command reads them: all of them, and every mistake in any of them, those about the policy included."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from services.adapters.policy import PolicyError, load_policy
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.nodes import Mistake, line_of
from services.simulator.scenario.parse import parse


def read_scenarios(paths: Iterable[Path]) -> tuple[Sequence[Scenario], Sequence[Mistake]]:
    """The scenarios in order, and everything that is wrong; a file with a mistake is no scenario."""
    scenarios: list[Scenario] = []
    mistakes: list[Mistake] = []
    for path in paths:
        read = parse(path)
        if isinstance(read, list):
            mistakes.extend(read)
            continue
        wrong = list(_wrong_policy(read, path))
        mistakes.extend(wrong)
        if not wrong:
            scenarios.append(read)
    return scenarios, mistakes


def _wrong_policy(scenario: Scenario, path: Path) -> Iterator[Mistake]:
    """Overrides that name no value of the policy, or are not of its kind."""
    for name, value in scenario.policy.items():
        try:
            load_policy(overrides={name: value})
        except PolicyError as problem:
            for message in problem.mistakes:
                yield Mistake(file=str(path), line=_line(path, name), path=f"policy.{name}", message=message)


def _line(path: Path, name: str) -> int:
    """Where the file overrides this value."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "policy":
            return next((line_of(inner) for inner, _ in value.value if inner.value == name), line_of(key))
    return 1
