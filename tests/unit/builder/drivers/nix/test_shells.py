"""Which shell is entered, and how."""

from pathlib import Path

import pytest
from support.configs import noarch_config, torch_config
from support.fake_nix import fake_nix

from kernel_builder.drivers.nix import shells
from kernel_builder.drivers.nix.client import find_nix
from kernel_builder.drivers.nix.options import NixOptions
from kernel_builder.drivers.nix.shells import choose_variant, shell_command
from kernel_builder.errors import TargetError
from kernel_builder.matrix import load_matrix

ALL = torch_config("cpu", "cuda", "metal", "rocm", "xpu")
_NEWEST = max(row.torch for row in load_matrix().rows)
TORCH = f"torch{_NEWEST.digits}"


def _machine(monkeypatch: pytest.MonkeyPatch, *here: str) -> None:
    monkeypatch.setattr(shells, "_is_here", lambda backend: backend in here)


@pytest.mark.parametrize(
    ("here", "start"),
    [
        (("cpu",), f"{TORCH}-cxx11-cpu-"),
        (("cpu", "rocm"), f"{TORCH}-cxx11-rocm"),
        (("cpu", "cuda", "rocm"), f"{TORCH}-cxx11-cu1"),
        (("xpu",), f"{TORCH}-cxx11-xpu"),
    ],
)
def test_what_this_machine_has(monkeypatch: pytest.MonkeyPatch, here: tuple[str, ...], start: str) -> None:
    """Without a wish it is the variant for the accelerator that is here, in the order of backends."""
    _machine(monkeypatch, *here)
    assert choose_variant(ALL, "x86_64-linux").startswith(start)


def test_oldest_compute_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several versions of CUDA for the newest Torch it is the oldest."""
    _machine(monkeypatch, "cuda")
    versions = [row.compute for row in load_matrix().rows if row.torch == _NEWEST and row.compute.backend == "cuda"]
    oldest = min(version.version for version in versions if version.version is not None)
    assert f"{TORCH}-cxx11-cu{oldest.digits}-x86_64-linux" == choose_variant(ALL, "x86_64-linux")


def test_nothing_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that has nothing for this machine gets its first backend; Python-only kernels have such too."""
    _machine(monkeypatch, "cpu")
    assert choose_variant(torch_config("rocm", "xpu"), "x86_64-linux").startswith(f"{TORCH}-cxx11-rocm")
    assert "torch-metal" == choose_variant(noarch_config("neuron", "metal"), "aarch64-darwin")
    assert "torch-neuron" == choose_variant(noarch_config("neuron"), "x86_64-linux")


def test_no_variant_on_a_system() -> None:
    """A kernel that has nothing on a system says so."""
    with pytest.raises(TargetError, match="demo-kernel has no variant for x86_64-linux"):
        choose_variant(torch_config("metal"), "x86_64-linux")


@pytest.mark.parametrize(("command", "end"), [((), []), (("a", "b c"), ["--command", "a", "b c"])])
def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], end: list[str]) -> None:
    """A shell is an attribute of the flake; what is to be run in it comes last."""
    fake_nix(tmp_path, monkeypatch)
    monkeypatch.delenv("KERNEL_BUILDER_NIX_ARGS", raising=False)
    words = shell_command(find_nix(NixOptions()), "testShells", "torch-cpu", command, "--cores", "2")
    start = ["nix", "--extra-experimental-features", "nix-command flakes", "develop"]
    assert [*start, ".#legacyPackages.x86_64-linux.testShells.torch-cpu", "--cores", "2", *end] == words
