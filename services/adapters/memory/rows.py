"""Rows in memory: tables with tags to find rows by, and layers over them that can be thrown away."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Shape(Generic[K, V]):
    """How rows of one type are kept: their key, and the tags under which they are found."""

    key: Callable[[V], K]
    tags: Callable[[V], Iterable[Hashable]] = lambda _: ()


class Level(Generic[K, V]):
    """Rows at one level: what is committed, or what one savepoint wrote; ``None`` marks a removed row."""

    __slots__ = ("_shape", "rows", "tagged")

    def __init__(self, shape: Shape[K, V]) -> None:
        self._shape = shape
        self.rows: dict[K, V | None] = {}
        self.tagged: dict[Hashable, dict[K, None]] = {}

    def put(self, key: K, row: V | None) -> None:
        """Set the row of a key at this level."""
        self._untag(key)
        self.rows[key] = row
        if row is not None:
            for tag in self._shape.tags(row):
                self.tagged.setdefault(tag, {})[key] = None

    def absorb(self, above: "Level[K, V]", *, drop_removed: bool) -> None:
        """Take what the level above wrote; the lowest level forgets removed rows."""
        for key, row in above.rows.items():
            if row is None and drop_removed:
                self._untag(key)
                self.rows.pop(key, None)
            else:
                self.put(key, row)

    def _untag(self, key: K) -> None:
        row = self.rows.get(key)
        if row is None:
            return
        for tag in self._shape.tags(row):
            keys = self.tagged[tag]
            keys.pop(key, None)
            if not keys:
                del self.tagged[tag]


class Table(Generic[K, V]):
    """One table as a unit sees it: the committed level and its own layers, the newest on top."""

    __slots__ = ("_levels", "_shape")

    def __init__(self, shape: Shape[K, V], committed: Level[K, V] | None = None) -> None:
        self._shape = shape
        self._levels: list[Level[K, V]] = [committed if committed is not None else Level(shape)]

    def opened(self) -> "Table[K, V]":
        """The same committed rows under a layer of their own."""
        table = Table(self._shape, self._levels[0])
        table.push()
        return table

    def push(self) -> None:
        """Begin a layer."""
        self._levels.append(Level(self._shape))

    def keep(self) -> Level[K, V]:
        """End the newest layer, keep what it wrote; return it."""
        top = self._levels.pop()
        self._levels[-1].absorb(top, drop_removed=len(self._levels) == 1)
        return top

    def drop(self) -> None:
        """End the newest layer and forget what it wrote."""
        self._levels.pop()

    def get(self, key: K) -> V | None:
        """The row of a key, none when there is none."""
        for level in reversed(self._levels):
            if key in level.rows:
                return level.rows[key]
        return None

    def put(self, row: V) -> None:
        """Insert or replace the row with the same key."""
        self._levels[-1].put(self._shape.key(row), row)

    def remove(self, key: K) -> None:
        """Remove a row; harmless when there is none."""
        if self.get(key) is not None:
            self._levels[-1].put(key, None)

    def tagged(self, tag: Hashable) -> list[V]:
        """All rows with this tag, in no order."""
        found: dict[K, None] = {}
        for level in self._levels:
            found.update(level.tagged.get(tag, {}))
        rows = (self.get(key) for key in found)
        return [row for row in rows if row is not None and tag in self._shape.tags(row)]

    def written(self) -> Iterator[V]:
        """Rows that the layers hold, newest values only."""
        for key in {key for level in self._levels[1:] for key in level.rows}:
            row = self.get(key)
            if row is not None:
                yield row

    def all(self) -> list[V]:
        """Every row."""
        keys = {key: None for level in self._levels for key in level.rows}
        rows = (self.get(key) for key in keys)
        return [row for row in rows if row is not None]
