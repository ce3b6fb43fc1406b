"""The service's key: set from outside, or made once and kept in the state folder."""

import os
import secrets
import tempfile
from pathlib import Path

from services.runtime.errors import NotThere
from services.runtime.settings import Settings

_KEY_BYTES = 32


def service_key(settings: Settings) -> bytes:
    """The key for links and sealed texts; made on first use, mode 0600, the same for all who share the state folder."""
    return settings.service_key or _kept_key(settings.state_dir / "service.key")


def _kept_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_key(path)
    key = bytes.fromhex(path.read_text("ascii").strip())
    if len(key) < _KEY_BYTES:
        raise NotThere(f"{path} holds no usable key; put the old one back (links already sent depend on it) or delete the file")
    return key


def _make_key(path: Path) -> None:
    """Written aside, then linked into place: whoever comes second keeps the first one's key, and nobody reads half of one."""
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # mode 0600
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()
