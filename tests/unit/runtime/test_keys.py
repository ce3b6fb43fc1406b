"""The service's key: given, or made once."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from services.runtime.errors import NotThere
from services.runtime.keys import service_key
from services.runtime.settings import read_settings


def test_a_given_key_is_used(tmp_path: Path) -> None:
    """SERVICE_KEY wins, and nothing is written."""
    settings = read_settings({"SERVICE_KEY": "k" * 32, "STATE_DIR": str(tmp_path)})
    assert service_key(settings) == b"k" * 32
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_made_once_and_only_we_can_read_it(tmp_path: Path) -> None:
    """The second process finds the first one's key; the file is for its owner alone."""
    settings = read_settings({"STATE_DIR": str(tmp_path / "state")})
    key = service_key(settings)
    assert len(key) == 32
    assert service_key(settings) == key
    assert stat.S_IMODE((tmp_path / "state" / "service.key").stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    """Nobody reads half a key, nobody overwrites the other's."""
    settings = read_settings({"STATE_DIR": str(tmp_path)})
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: service_key(settings), range(32)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["service.key"]


def test_a_damaged_key_is_not_replaced_silently(tmp_path: Path) -> None:
    """Links already sent depend on the key: a human decides."""
    (tmp_path / "service.key").write_text("abcd")
    settings = replace(read_settings({}), state_dir=tmp_path)
    with pytest.raises(NotThere, match="no usable key"):
        service_key(settings)
