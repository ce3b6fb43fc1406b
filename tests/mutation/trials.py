"""A plugin for pytest, started in ``mutants/`` by ``python -m tests.mutation``: tries every mutant on the tests that come near it.

mutmut makes the mutants. Its own trials start pytest anew for each of them and ask at every call of the core which one is meant: hours for
eleven thousand. Here tests are collected once, and each mutant has a forked process in which its function alone is another one.
"""

import gc
import json
import mmap
import os
import resource
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatch
from functools import _lru_cache_wrapper
from importlib import import_module
from pathlib import Path
from types import FrameType, FunctionType

import pytest
from hypothesis import settings
from mutmut.mutation import trampoline

#: tests that live through whole ladders come by every rule: they are tried only on the part of the core that they are about
ABOUT = {
    "tests/unit/commands/test_policies.py": "services.core.explaining.",
    "tests/unit/core/test_preview.py": "services.core.explaining.",
    "tests/unit/core/test_reachability.py": "services.core.explaining.",
}
#: more lives than a mutant can wait for: a year of them, or dozens of made-up people
LEFT_OUT = (
    "tests/unit/commands/test_policies.py::test_dead_steps_are_a_warning_at_start",
    "tests/unit/commands/test_policies.py::test_dead_steps_are_told",
    "tests/unit/commands/test_policies.py::test_diff_of_nothing",
    "tests/unit/core/test_preview.py::test_a_preview_ends_and_repeats",
    "tests/unit/core/test_reachability.py::test_dead_steps_are_named[overrides0-",
    "tests/unit/core/test_reachability.py::test_dead_steps_are_named[overrides1-",
    "tests/unit/core/test_reachability.py::test_dead_steps_are_named[overrides8-",
)
#: what mutmut writes down: a test failed, none did, none comes near, it never ended
KILLED, SURVIVED, NO_TEST, TIMEOUT = 1, 0, 33, 36
#: of a process that could not even become its mutant
_BROKEN = 99
_CORE = "services.core"
#: a mutant may take so many times what its tests take, and some seconds of processor
_PATIENCE, _AT_LEAST = 5, 3
#: bytes that a mutant may ask for, and seconds of the clock: one that waits for ever uses no processor
_MEMORY, _WAITS = 6 << 30, 600
_SAVED_EVERY = 10.0

_FUNCTIONS: list[tuple[FunctionType, Mapping[str, FunctionType]]] = []


def _remember(mutants: Mapping[str, FunctionType], *, is_classmethod: bool = False) -> Callable[[FunctionType], FunctionType]:
    """In place of mutmut's decorator, which chooses at every call: the function stays itself, and is found again."""

    def remembered(function: FunctionType) -> FunctionType:
        _FUNCTIONS.append((function, mutants))
        return function

    return remembered


# before anything imports the core
trampoline.wrap_in_trampoline = _remember  # type: ignore[assignment]
settings.register_profile("mutants", deadline=None, database=None)
settings.load_profile("mutants")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which mutants."""
    parser.addoption("--mutant", action="append", default=[], help="try only these, such as services.core.ledger*")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes too long."""
    left_out = [item for item in items if item.nodeid.startswith(LEFT_OUT)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """In place of running the tests."""
    if session.testsfailed:
        raise session.Failed("tests cannot be collected")
    Trials(session, tuple(session.config.getoption("mutant"))).run()
    return True


class Failures:
    """Remembers what failed, and with which words."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Asked by pytest after each part of a test."""
        if report.failed:
            self.words.append(f"{report.nodeid}: {report.longreprtext}")


class Trials:
    """Every mutant that was not tried yet, two at a time on two processors."""

    def __init__(self, session: pytest.Session, patterns: tuple[str, ...]) -> None:
        self.session = session
        self.patterns = patterns
        self.results = {file: json.loads(file.read_text(encoding="utf-8")) for file in sorted(Path().rglob("*.meta"))}
        for file in self.results:
            import_module(".".join(file.with_suffix("").with_suffix("").parts).removesuffix(".__init__"))
        self.functions = {_key(function, mutants): (function, mutants) for function, mutants in _FUNCTIONS}
        #: indexes of the tests that come near a function, and how long each takes
        self.near: dict[str, list[int]] = {}
        self.seconds: list[float] = []
        self.modules: list[str] = []
        #: which tests noticed a mutant of this function: they are the first to be asked about the next one
        self.noticed: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.counts: Counter[int] = Counter()
        self._caches = [each for each in gc.get_objects() if isinstance(each, _lru_cache_wrapper) and each.__module__.startswith(_CORE)]
        self._unsaved: set[Path] = set()
        self._shared = mmap.mmap(-1, 1 << 16)
        self._saved_at = time.monotonic()

    def run(self) -> None:
        """Try them, the fastest first, and write down what became of each."""
        self._look()
        self._prepare()
        self._forget_what_was_computed()
        gc.freeze()
        waiting = sorted(self._untried(), key=lambda row: self._estimate(row[1]))
        print(f"{len(self.session.items)} tests, {len(waiting)} mutants")
        running: dict[int, tuple[Path, str, int]] = {}
        slots = list(range(os.cpu_count() or 1))
        for file, mutant in waiting:
            if not self._near(mutant):
                self._note(file, mutant, NO_TEST)
                continue
            if not slots:
                slots.append(self._reap(running))
            slot = slots.pop()
            running[self._fork(mutant, slot)] = file, mutant, slot
        while running:
            self._reap(running)
        self._save()
        print(f"{self.counts[KILLED]} killed, {self.counts[TIMEOUT]} without an end, {self.counts[SURVIVED]} alive")

    # ---- what comes near what

    def _look(self) -> None:
        """Run every test once, in a process of its own: so that nothing is computed beforehand for the mutants."""
        told = Path("near.json")
        pid = os.fork()
        if pid == 0:
            _be_quiet()
            near, seconds, failed = self._watched()
            told.write_text(json.dumps([near, seconds, failed, list(sys.modules)]), encoding="utf-8")
            os._exit(0)
        if os.waitpid(pid, 0)[1]:
            raise self.session.Failed("the tests did not end")
        self.near, self.seconds, failed, modules = json.loads(told.read_text(encoding="utf-8"))
        if failed:
            raise self.session.Failed(f"fails without any mutant: {chr(10).join(failed)}")
        self.modules = modules

    def _prepare(self) -> None:
        """Do beforehand what each mutant would wait for: late imports, and the environment of most tests."""
        for name in self.modules:
            if name not in sys.modules:
                with suppress(ImportError):
                    import_module(name)
        import_module("tests.unit.core.scene").environment()

    def _watched(self) -> tuple[dict[str, list[int]], list[float], list[str]]:
        # by id: a code object has no cheap hash
        codes = {id(function.__code__): key for key, (function, _) in self.functions.items()}
        near: dict[str, list[int]] = {}
        seconds: list[float] = []
        failures = Failures()
        self.session.config.pluginmanager.register(failures)
        hit: set[int] = set()

        def called(frame: FrameType, event: str, arg: object) -> None:
            if event == "call" and id(frame.f_code) in codes:
                hit.add(id(frame.f_code))

        for index, item in enumerate(self.session.items):
            self._forget_what_was_computed()
            hit.clear()
            started = time.process_time()
            sys.setprofile(called)
            self._run(item, None)
            sys.setprofile(None)
            seconds.append(time.process_time() - started)
            about = ABOUT.get(item.nodeid.partition("::")[0], "")
            for code in hit:
                if codes[code].startswith(about):
                    near.setdefault(codes[code], []).append(index)
        return near, seconds, failures.words

    def _near(self, mutant: str) -> list[int]:
        return self.near.get(_function_of(mutant), [])

    def _estimate(self, mutant: str) -> float:
        return sum(self.seconds[index] for index in self._near(mutant))

    def _untried(self) -> Iterator[tuple[Path, str]]:
        for file, content in self.results.items():
            for mutant, code in content["exit_code_by_key"].items():
                if code is None and (not self.patterns or any(fnmatch(mutant, pattern) for pattern in self.patterns)):
                    yield file, mutant

    # ---- one mutant

    def _fork(self, mutant: str, slot: int) -> int:
        pid = os.fork()
        if pid:
            return pid
        try:
            self._be(mutant)
            self._try(mutant, slot)
        finally:
            os._exit(_BROKEN)

    def _be(self, mutant: str) -> None:
        """From here on this process is the mutant's."""
        _be_quiet()
        processor = int(time.process_time() + _PATIENCE * self._estimate(mutant) + _AT_LEAST)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (processor, processor + 1))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        signal.alarm(_WAITS)
        function, mutants = self.functions[_function_of(mutant)]
        other = mutants[mutant.rpartition(".")[2]]
        function.__code__, function.__defaults__, function.__kwdefaults__ = other.__code__, other.__defaults__, other.__kwdefaults__

    def _try(self, mutant: str, slot: int) -> None:
        try:
            noticed = self._first_to_notice(mutant)
        except BaseException:  # noqa: BLE001 - whatever gets through pytest was noticed
            noticed = self._near(mutant)[0]
        if noticed is None:
            os._exit(SURVIVED)
        self._shared[4 * slot : 4 * slot + 4] = noticed.to_bytes(4, "big")
        os._exit(KILLED)

    def _first_to_notice(self, mutant: str) -> int | None:
        known = self.noticed[_function_of(mutant)]
        order = sorted(self._near(mutant), key=lambda index: (-known[index], self.seconds[index]))
        for index, following in zip(order, [*order[1:], None], strict=True):
            self._run(self.session.items[index], None if following is None else self.session.items[following])
            if self.session.testsfailed:
                return index
        return None

    def _run(self, item: pytest.Item, following: pytest.Item | None) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)

    def _reap(self, running: dict[int, tuple[Path, str, int]]) -> int:
        """Wait for one; its slot is free again."""
        pid, status = os.wait()
        file, mutant, slot = running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        if code == KILLED:
            self.noticed[_function_of(mutant)][int.from_bytes(self._shared[4 * slot : 4 * slot + 4], "big")] += 1
        if code == _BROKEN:
            raise self.session.Failed(f"cannot be tried: {mutant}")
        self._note(file, mutant, code if code in (KILLED, SURVIVED) else TIMEOUT)
        return slot

    def _forget_what_was_computed(self) -> None:
        """What the core keeps for the next call would be the answer of another test, and of no mutant."""
        for each in self._caches:
            each.cache_clear()

    # ---- what became of them

    def _note(self, file: Path, mutant: str, code: int) -> None:
        self.results[file]["exit_code_by_key"][mutant] = code
        self.counts[code] += 1
        self._unsaved.add(file)
        if time.monotonic() - self._saved_at > _SAVED_EVERY:
            self._save()

    def _save(self) -> None:
        for file in self._unsaved:
            file.write_text(json.dumps(self.results[file], indent=4), encoding="utf-8")
        self._unsaved.clear()
        self._saved_at = time.monotonic()
        print(f"{self.counts.total()} tried, {self.counts[SURVIVED] + self.counts[NO_TEST]} alive", flush=True)


def _key(function: FunctionType, mutants: Mapping[str, FunctionType]) -> str:
    """The name that all mutants of a function begin with."""
    return f"{function.__module__}.{mutants['_mutmut_orig'].__name__.partition('__mutmut_')[0]}"


def _function_of(mutant: str) -> str:
    return mutant.partition("__mutmut_")[0].replace(".__init__.", ".")


def _be_quiet() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
