"""The demo is the first thing that a newcomer sees."""

import subprocess
import sys

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
