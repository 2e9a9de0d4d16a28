"""The templates are found, in the repository and in an installed wheel."""

import shutil
import subprocess
import sys
from pathlib import Path

from kernel_builder import resources

REPOSITORY = Path(__file__).parents[3]


def test_templates_of_the_repository() -> None:
    """In a checkout, the templates are those at its top."""
    assert REPOSITORY / "templates" == resources.templates_dir()
    assert (resources.templates_dir() / "project" / "compiled" / "CMakeLists.txt.jinja").is_file()


def test_templates_of_a_wheel(tmp_path: Path) -> None:
    """Where the package carries its own templates, those are used."""
    package = tmp_path / "kernel_builder"
    (package / "templates").mkdir(parents=True)
    for name in ("__init__.py", "resources.py"):
        shutil.copyfile(Path(resources.__file__).with_name(name), package / name)
    ask = "from kernel_builder.resources import templates_dir; print(templates_dir())"
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, check=True
    )
    assert str(package / "templates") == done.stdout.decode().strip()
