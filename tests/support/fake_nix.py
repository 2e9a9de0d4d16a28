"""Programs of Nix that give fixed answers, for what the answers of a real one depend on the machine."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

__all__ = ["SETTINGS", "fake_nix"]

#: What a Nix that can be used says of its settings.
SETTINGS: dict[str, Any] = {"sandbox": True, "store": "auto", "system": "x86_64-linux"}


def fake_nix(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    version: str = "nix (Nix) 2.8.0",
    settings: dict[str, Any] | None = None,
    more: str = "",
) -> Path:
    """Put a `nix` on the PATH, as its only program.

    Args:
        folder: where it goes.
        monkeypatch: sets the PATH back.
        version: what it says of its version.
        settings: its settings beside `SETTINGS`.
        more: Python code for other calls; `args` are the arguments.

    Returns:
        The file to which it writes the arguments of each call, a list of JSON a line.
    """
    values = {name: {"value": value} for name, value in {**SETTINGS, **(settings or {})}.items()}
    record = folder / "calls"
    code = f"""#!{sys.executable}
import json, sys
args = sys.argv[1:]
open({str(record)!r}, "a").write(json.dumps(args) + "\\n")
if args == ["--version"]:
    print({version!r})
elif "show-config" in args or "show" in args:
    print({json.dumps(values)!r})
{more}
"""
    program = folder / "bin" / "nix"
    program.parent.mkdir()
    program.write_text(code, "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return record
