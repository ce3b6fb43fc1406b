"""Finding the servers of a running `up`."""

import stat
from pathlib import Path

import pytest

from services.runtime.errors import NotThere
from services.runtime.running import Addresses, announced, database_of, find_running, kafka_of
from services.runtime.settings import read_settings

HERE = Addresses(kafka_bootstrap="127.0.0.1:9092", database_url="postgresql://us:secret@127.0.0.1:5432/postgres")


def test_found_while_announced_and_not_after(tmp_path: Path) -> None:
    """The file counts only while whoever wrote it holds it."""
    assert find_running(tmp_path) is None
    with announced(tmp_path, HERE):
        assert find_running(tmp_path) == HERE
    assert find_running(tmp_path) is None


def test_what_a_killed_process_left_does_not_count(tmp_path: Path) -> None:
    """Addresses without a holder are stale, whatever they say."""
    (tmp_path / "running.json").write_text('{"kafka_bootstrap": "127.0.0.1:1", "database_url": "postgresql://x"}')
    assert find_running(tmp_path) is None


def test_only_we_can_read_it(tmp_path: Path) -> None:
    """It holds a password."""
    with announced(tmp_path, HERE):
        assert stat.S_IMODE((tmp_path / "running.json").stat().st_mode) == 0o600


def test_a_configured_server_comes_first(tmp_path: Path) -> None:
    """Settings, else the running servers, else a sentence that says what to do."""
    configured = read_settings({"STATE_DIR": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": "k:9092", "DATABASE_URL": "postgresql://d/base"})
    bare = read_settings({"STATE_DIR": str(tmp_path)})
    with announced(tmp_path, HERE):
        assert kafka_of(configured).bootstrap == "k:9092"
        assert database_of(configured) == "postgresql://d/base"
        assert kafka_of(bare).bootstrap == HERE.kafka_bootstrap
        assert database_of(bare) == HERE.database_url
    with pytest.raises(NotThere, match="sans-faute up"):
        kafka_of(bare)
    with pytest.raises(NotThere, match="DATABASE_URL"):
        database_of(bare)
