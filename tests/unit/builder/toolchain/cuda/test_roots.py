"""Toolkits of Python packages get the names that linkers look for."""

from pathlib import Path

import pytest
from support.toolkits import install_nvcc, install_wheels

from kernel_builder.toolchain.cuda.roots import rooted


def test_an_installed_toolkit_is_left_alone(tmp_path: Path) -> None:
    """What NVIDIA's installer made is its own root, and nothing is put into the cache."""
    install_nvcc(tmp_path / "cuda")
    assert tmp_path / "cuda" == rooted(tmp_path / "cuda", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_the_folder_of_links(tmp_path: Path) -> None:
    """All is there under the names of an installed toolkit: lib64, libX.so, and a bin that is no link."""
    wheels = install_wheels(tmp_path / "site")
    root = rooted(wheels, tmp_path / "cache")
    names = {path.relative_to(root).as_posix() for path in root.rglob("*")}
    assert {"bin/nvcc", "include/crt/host_config.h", "lib/libcudart.so", "lib/libnvvm.so", "lib/stubs", "nvvm"} <= {
        *names,
        *(f"include/{path.relative_to(root / 'include').as_posix()}" for path in (root / "include").rglob("*")),
    }
    assert not (root / "bin").is_symlink()
    assert (root / "bin" / "nvcc").samefile(wheels / "bin" / "nvcc")
    assert "libcudart.so.13" == (root / "lib64" / "libcudart.so").read_text("utf-8")


def test_it_is_made_once(tmp_path: Path) -> None:
    """The same packages have the same folder; other packages in their place have another one."""
    wheels = install_wheels(tmp_path / "site")
    root = rooted(wheels, tmp_path / "cache")
    facts = root.stat()
    assert (root, facts.st_ino) == (rooted(wheels, tmp_path / "cache"), root.stat().st_ino)
    (wheels / "lib" / "libcudart.so.13").write_text("of a later version", "utf-8")
    assert root != rooted(wheels, tmp_path / "cache")


def test_versions_side_by_side(tmp_path: Path) -> None:
    """Packages in several environments have folders of their own."""
    sites = [install_wheels(tmp_path / name, version) for name, version in (("a", "13.0.88"), ("b", "13.2.86"))]
    first, second = (rooted(site, tmp_path / "cache") for site in sites)
    assert first != second


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interruption while the links are made leaves no folder that a later build would take for whole."""
    wheels = install_wheels(tmp_path / "site")
    link, made = Path.symlink_to, []

    def interrupted(path: Path, *arguments: object) -> None:
        made.append(path)
        if len(made) == 4:
            raise KeyboardInterrupt
        link(path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "symlink_to", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rooted(wheels, tmp_path / "cache")
    assert [".lock"] == [path.name for path in (tmp_path / "cache" / "cuda-roots").iterdir()]
    monkeypatch.undo()
    assert (rooted(wheels, tmp_path / "cache") / "lib64" / "libcudart.so").exists()
