"""Seeds that found something once, kept so that it is not found twice."""

from pathlib import Path

from tests.chaos.run import Plan

_FILE = Path(__file__).with_name("seeds.txt")


def kept() -> list[Plan]:
    """Every plan that is kept, oldest first."""
    lines = [line.partition("#")[0].split() for line in _FILE.read_text("utf-8").splitlines()]
    return [
        Plan(seed=int(seed), obligations=int(obligations), faults=int(faults), pace=float(pace))
        for seed, obligations, faults, pace in filter(None, lines)
    ]


def keep(plan: Plan) -> None:
    """Add a plan, once."""
    if plan not in kept():
        with _FILE.open("a", encoding="utf-8") as file:
            file.write(f"{plan.seed} {plan.obligations} {plan.faults} {plan.pace:g}\n")
