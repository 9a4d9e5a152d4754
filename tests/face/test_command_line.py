from __future__ import annotations

import subprocess
import sys

import pytest

from kilomark import __main__ as command
from kilomark.cli.main import EPILOG, SUBCOMMANDS, main


def help_of(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--help"])
    assert stopped.value.code == 0
    return capsys.readouterr().out


def test_help_fits_on_one_screen_and_names_every_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    lines = help_of(capsys=capsys).splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 100
    listed = [line.split()[0] for line in lines if line.startswith("    ") and line.strip()]
    assert len([word for word in listed if word.islower()]) >= len(SUBCOMMANDS)
    assert EPILOG.splitlines()[0] in lines


def test_examples_in_the_help_are_commands_that_parse() -> None:
    for line in EPILOG.splitlines():
        if line.startswith("  kilomark") and " -h" not in line:
            command = line.strip().split("  ")[0].split()[1:]
            assert command[0] in {"predict", "folder", "doctor"}


class InterruptedImport:
    """An import during which Ctrl-C comes."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "kilomark.cli.main":
            raise KeyboardInterrupt


def test_ctrl_c_while_the_command_loads_ends_it_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "kilomark.cli.main")
    monkeypatch.setattr(sys, "meta_path", [InterruptedImport(), *sys.meta_path])

    assert command.main() == 130


@pytest.mark.parametrize("arguments", [["-v", "info"], ["info", "-v"]])
def test_verbose_goes_before_or_after_the_command(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    assert "devices" in capsys.readouterr().out


def test_a_wrong_option_shows_the_usage_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["info", "--wrong"])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "usage: kilomark info" in said
    assert "unrecognized arguments: --wrong" in said


def test_the_package_runs_as_a_module() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "kilomark", "--version"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith("kilomark ")
