"""The variants of a project that can be built here."""

from importlib.metadata import version
from pathlib import Path

import pytest
from support.machines import LINUX, MAC, machine
from support.projects import make_tiny, make_tiny_tvm_ffi

from kernel_builder.doctor.model import Question, Remedy, Status, Verdict
from kernel_builder.doctor.project import Project, VariantHere, examine_project

CAN = Verdict(Status.YES)
CANNOT = Verdict(
    Status.NO,
    (Question(id="c++", topic="Compilers", text="C++ compiler").no("was not found", Remedy(step="Install it.")),),
)


def _examine(path: Path, *, local: Verdict = CAN, nix: Verdict = CAN, version: str | None = "2.13.0") -> Project:
    return examine_project(path, machine(version=version, platform=LINUX), {"cpu": {"local": local, "nix": nix}})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A kernel for the CPU with a flake."""
    (make_tiny(tmp_path / "tiny") / "flake.nix").write_text("{ }\n")
    return tmp_path / "tiny"


def _variants(found: Project) -> dict[str, VariantHere]:
    return {one.name: one for one in found.variants}


def test_everything_is_here(project: Path) -> None:
    """The variant of the Torch that is installed is built here, those of others with Nix, and the reason is said."""
    found = _variants(_examine(project))
    assert VariantHere("torch213-cxx11-cpu-x86_64-linux", True, True, "") == found["torch213-cxx11-cpu-x86_64-linux"]
    other = "torch212-cxx11-cpu-x86_64-linux"
    assert VariantHere(other, False, True, "it is for Torch 2.12; 2.13.0 is installed") == found[other]


def test_a_torch_outside_the_matrix(project: Path) -> None:
    """A Torch that the matrix does not have is built for here, and not with Nix."""
    found = _variants(_examine(project, version="2.99.0"))
    assert VariantHere("torch299-cxx11-cpu-x86_64-linux", True, False, "") == found["torch299-cxx11-cpu-x86_64-linux"]


def test_a_missing_tool(project: Path) -> None:
    """What bars the backend bars each of its variants."""
    found = _examine(project, local=CANNOT, nix=CANNOT)
    assert {"C++ compiler was not found"} == {one.reason for one in found.variants}
    assert {(False, False)} == {(one.local, one.nix) for one in found.variants}


def test_no_torch(project: Path) -> None:
    """Without Torch nothing is built here, for that reason."""
    found = _examine(project, version=None)
    assert {(False, True, "Torch is not installed")} == {(one.local, one.nix, one.reason) for one in found.variants}


def test_no_flake(project: Path) -> None:
    """Without a flake, Nix builds nothing."""
    (project / "flake.nix").unlink()
    found = _examine(project)
    assert ["yes", "no", "yes"] == [one.status.value for one in found.diagnoses]
    assert {False} == {one.nix for one in found.variants}


def test_another_backend(project: Path) -> None:
    """A kernel for another system has no variants here."""
    found = examine_project(project, machine("metal", platform=MAC), {"cpu": {"local": CAN, "nix": CAN}})
    assert {True} == {one.name.endswith("-aarch64-darwin") for one in found.variants}


def test_a_backend_that_was_not_asked_about(project: Path) -> None:
    """Nothing is said of variants whose backend was not looked at."""
    assert () == examine_project(project, machine(), {"cuda": {"local": CANNOT, "nix": CAN}}).variants


def test_errors(project: Path) -> None:
    """A file with errors is a "no", with the command that lists them."""
    (project / "build.toml").write_text("[general\n")
    found = _examine(project)
    (one,) = found.diagnoses
    assert one.remedy is not None
    assert (Status.NO, (f"kernel-builder check-config {project}",), ()) == (
        one.status,
        one.remedy.commands,
        found.variants,
    )


def test_python_only(project: Path) -> None:
    """A Python-only kernel is built here without a compiler and without Torch."""
    (project / "build.toml").write_text(
        '[general]\nname = "tiny"\nversion = 1\nlicense = "Apache-2.0"\nbackends = ["cpu"]\n\n[torch-noarch]\n'
    )
    found = _examine(project, local=CANNOT, version=None)
    assert (VariantHere("torch-cpu", True, True, ""),) == found.variants


def test_tvm_ffi(tmp_path: Path) -> None:
    """A tvm-ffi kernel is built here against the tvm-ffi that is installed, whatever Torch is."""
    # Imported here, it would be there for every later test of this process.
    release = "".join(version("apache-tvm-ffi").split(".")[:2])
    found = _variants(_examine(make_tiny_tvm_ffi(tmp_path / "tiny"), version=None))
    assert (True, "") == (found[f"tvm-ffi{release}-cpu-x86_64-linux"].local, "")
