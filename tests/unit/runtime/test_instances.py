"""Names of copies, and fuses."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.core.ports.fuse import no_fuse
from services.runtime.errors import WrongSettings
from services.runtime.fuse import DeadlyFuse, fuse_of
from services.runtime.instances import instance_name
from services.runtime.settings import read_settings

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_copies_on_one_machine_have_different_names_and_give_them_back(tmp_path: Path) -> None:
    """The second gets another number; whoever comes after the first has ended takes its place, and its name."""
    settings = read_settings({"STATE_DIR": str(tmp_path)})
    with instance_name(settings, "intake") as one:
        with instance_name(settings, "intake") as two, instance_name(settings, "relay") as other:
            assert one != two
            assert other == one
        assert one.endswith("-1")
        assert two.endswith("-2")
    with instance_name(settings, "intake") as again:
        assert again == one


def test_a_name_that_is_set_is_taken_as_it_is(tmp_path: Path) -> None:
    """The operator knows best."""
    with instance_name(read_settings({"STATE_DIR": str(tmp_path), "INSTANCE_NAME": "rack-7"}), "intake") as name:
        assert name == "rack-7"


def test_nothing_burns_unless_it_is_asked_for() -> None:
    """Neither without the setting, nor in another process than the one that it names."""
    assert fuse_of(read_settings({}), "relay") is no_fuse
    assert fuse_of(read_settings({"SANS_FAUTE_TEST_FUSE": "intake:before_acknowledge"}), "relay") is no_fuse


def test_a_fuse_counts_its_own_point_only() -> None:
    """Other points of the process pass by."""
    fuse = fuse_of(read_settings({"SANS_FAUTE_TEST_FUSE": "relay:after_publish:3"}), "relay")
    assert isinstance(fuse, DeadlyFuse)
    for point in ("after_publish", "elsewhere", "after_publish"):
        fuse(point, NOW)
    assert fuse.left == 1


@pytest.mark.parametrize("value", ["relay", "relay:", ":after_publish", "relay:after_publish:soon"])
def test_a_malformed_fuse_is_a_wrong_setting(value: str) -> None:
    """As every other setting that cannot be used."""
    with pytest.raises(WrongSettings):
        read_settings({"SANS_FAUTE_TEST_FUSE": value})
