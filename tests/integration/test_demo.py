"""The demo is the first thing that a newcomer sees."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.projects import RELU, ROOT, variant_name


def test_the_demo_ends_well_and_names_what_it_loaded() -> None:
    """Built for this machine, loaded from the variant's folder, equal to Torch."""
    result = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "demo.py")], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{(RELU / 'build' / variant_name()).relative_to(ROOT)}" in result.stdout
    assert "The kernel works." in result.stdout
    assert " NO" not in result.stdout


@pytest.mark.parametrize(
    ("torch", "words"),
    [
        ("torch>=2.12,<2.14", "'torch>=2.12,<2.14'"),
        ("torch==2.13.0 --index-url URL", "'torch==2.13.0' '--index-url' 'URL'"),
    ],
)
def test_any_requirement_can_be_the_torch(tmp_path: Path, torch: str, words: str) -> None:
    """`make TORCH=…` hands every word to pip as it is; a `>` does not become a redirection."""
    command = ["make", "--dry-run", "install", f"TORCH={torch}", f"VENV={tmp_path / 'venv'}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"-m pip install --quiet {words} numpy" in result.stdout
