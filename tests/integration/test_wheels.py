"""The distributions as they are installed, not as they lie in the repository."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.projects import RELU, ROOT, run_python

_PIP = [sys.executable, "-m", "pip"]


def _wheel(source: Path, target: Path) -> Path:
    command = [*_PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(target), str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return next(target.glob("*.whl"))


def test_the_builders_wheel_renders_without_the_repository(tmp_path: Path) -> None:
    """The wheel carries every template and every data file: rendering with it gives what the repository gives."""
    site = tmp_path / "site"
    for part in ("loader", "builder"):
        with zipfile.ZipFile(_wheel(ROOT / part, tmp_path / part)) as wheel:
            wheel.extractall(site)
    code = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import kernel_builder, kernels
from kernel_builder.config.reader import load_config
from kernel_builder.project.render import render
from kernel_builder.provenance import Provenance
places = [Path(module.__file__).parents[1] == Path(sys.argv[1]) for module in (kernel_builder, kernels)]
print(json.dumps([places, render(load_config(Path(sys.argv[2])), Provenance("x"))], sort_keys=True))
"""
    installed = run_python(code, site, RELU)
    repository = run_python(code.replace("sys.path.insert(0, sys.argv[1])", ""), site, RELU)
    assert installed.replace("[true, true]", "", 1) == repository.replace("[false, false]", "", 1)
    assert installed != repository


@pytest.mark.parametrize("part", ["loader", "builder"])
def test_a_wheel_from_the_sdist_is_the_wheel_from_the_repository(part: str, tmp_path: Path) -> None:
    """Nothing that a wheel needs is missing from the source distribution."""
    direct = _wheel(ROOT / part, tmp_path / "direct")
    code = "import sys; from hatchling.build import build_sdist; print(build_sdist(sys.argv[1]))"
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT / part, capture_output=True, text=True, check=True
    )
    through = _wheel(tmp_path / result.stdout.split()[-1], tmp_path / "through")
    names = [zipfile.ZipFile(wheel).namelist() for wheel in (direct, through)]
    assert sorted(names[0]) == sorted(names[1])
