"""Events in files: one JSON object, an array of them, or one object a line; each with the place to name when it is wrong."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

#: standard input, as a file name
STDIN = "-"


@dataclass(frozen=True, slots=True)
class Found:
    """One event as it stands in a file."""

    #: ``file``, ``file:LINE`` or ``file[INDEX]``, as an editor or a script finds it again
    place: str
    #: its bytes, untouched: this is what will be published
    raw: bytes


class Unreadable(Exception):
    """A file that holds no events; says why."""


class EventFile:
    """The events of one file, or of standard input (``-``); can be gone through several times."""

    def __init__(self, name: str) -> None:
        self.name = "standard input" if name == STDIN else name
        # standard input comes once only
        self._content = sys.stdin.buffer.read() if name == STDIN else None

    def events(self) -> Iterator[Found]:
        """One after the other; raises ``Unreadable``. A file with one event a line is never held in memory whole."""
        if self._content is not None:
            yield from self._of_bytes(self._content)
            return
        path = Path(self.name)
        try:
            if _one_a_line(path):
                with path.open("rb") as lines:
                    yield from self._of_lines(lines)
            else:
                yield from self._of_bytes(path.read_bytes())
        except OSError as problem:
            raise Unreadable(f"cannot be read: {problem.strerror}") from None

    def _of_bytes(self, content: bytes) -> Iterator[Found]:
        """An array, lines, or one object (perhaps a broken one: the decoder will say so)."""
        if not content.strip():
            raise Unreadable("is empty")
        if content.lstrip().startswith(b"["):
            try:
                array = msgspec.json.decode(content, type=list[msgspec.Raw])
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise Unreadable("is not a JSON array in UTF-8") from None
            yield from (Found(f"{self.name}[{index}]", bytes(raw)) for index, raw in enumerate(array))
        elif _is_json(content.lstrip().partition(b"\n")[0]):
            yield from self._of_lines(content.splitlines())
        else:
            yield Found(self.name, content.strip())

    def _of_lines(self, lines: Iterable[bytes]) -> Iterator[Found]:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield Found(f"{self.name}:{number}", line.strip())


def _one_a_line(path: Path) -> bool:
    """Whether the first line that is not empty is a whole JSON object."""
    with path.open("rb") as lines:
        first = next((line for line in lines if line.strip()), b"")
    return first.lstrip().startswith(b"{") and _is_json(first)


def _is_json(content: bytes) -> bool:
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
