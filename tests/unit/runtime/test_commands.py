"""The command line: help without loading, exit codes, doctor."""

import importlib
import json
import subprocess
import sys

import pytest

from services.commands import COMMANDS, run
from services.commands.exits import Exit


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line of the registry names a function that exists, and its help can be read."""
    module, _, function = COMMANDS[name].target.partition(":")
    assert callable(getattr(importlib.import_module(module), function))
    assert run([name, "--help"]) == Exit.DONE
    assert name in capsys.readouterr().out


def test_help_lists_every_command_and_loads_none() -> None:
    """``--help`` is fast because no command's libraries are imported."""
    code = (
        "import sys; from services.commands import run; assert run(['--help']) == 0;"
        "print([name for name in ('asyncpg', 'confluent_kafka', 'faust', 'fastapi', 'typst', 'jinja2') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30).stdout
    assert said.strip().endswith("[]")
    assert all(name in said for name in COMMANDS)


@pytest.mark.parametrize("arguments", [["no-such-command"], ["doctor", "--no-such-option"]])
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """A misspelt command or option is the caller's mistake."""
    assert run(arguments) == Exit.WRONG_USAGE


def test_wrong_settings_are_2_and_all_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`up` does not start with an unlawful caller id; the message says why, without a traceback (SC-43)."""
    monkeypatch.setenv("VOICE_CALLER_ID", "0612345678")
    monkeypatch.setenv("SMS_SENDER", "FT-INFO")
    assert run(["up"]) == Exit.WRONG_USAGE
    said = capsys.readouterr().err
    assert "VOICE_CALLER_ID: an automated system may not show an 06 or 07 number" in said
    assert "SMS_SENDER: a name has only letters and digits" in said
    assert "Traceback" not in said


def test_doctor_finds_a_wrong_setting_and_looks_at_the_rest(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One wrong setting is one finding; exit code 2; a script reads JSON."""
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    assert run(["doctor", "--json"]) == Exit.WRONG_USAGE
    report = json.loads(capsys.readouterr().out)
    assert report["complete"] is False
    missing = {finding["what"]: finding for finding in report["findings"] if not finding["found"] and finding["required"]}
    assert "setting LOG_LEVEL" in missing
    assert any(finding["what"].startswith("Python") for finding in report["findings"])


def test_doctor_lists_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """The manual of the settings is on the machine itself."""
    assert run(["doctor", "--settings", "--json"]) == Exit.DONE
    assert "VOICE_CALLER_ID" in json.loads(capsys.readouterr().out)
