"""The checks of a finished build, as this machine can run them."""

from pathlib import Path

from support.builds import make_build
from support.configs import noarch_config

from kernel_builder.checks.here import check_here


def _codes(tree: Path, **options: frozenset[str]) -> set[str]:
    return {finding.code for finding in check_here(tree, None, **options) if finding.severity == "error"}


def test_check_here(tmp_path: Path) -> None:
    """Every check runs but those that are left out; the package has the name that build.toml gives it."""
    tree = make_build(tmp_path / "torch-cpu", {"stray.o": "x"})
    (tree / "__init__.py").write_text("value = 2\n", "utf-8")

    assert {"leftover", "file-changed"} == _codes(tree)
    assert {"leftover"} == _codes(tree, skip=frozenset({"digest"}))
    found = check_here(tree, noarch_config("cpu", general={"name": "other-kernel"}))
    assert {"name", "missing-file"} <= {finding.code for finding in found}
