"""Python, the packages, Torch and the loader."""

import importlib.metadata
import importlib.util
import platform
import sys

import pytest
from support.machines import MAC, Tools, by_id, machine, statuses

from kernel_builder.doctor.ask import Answer
from kernel_builder.doctor.model import Status
from kernel_builder.doctor.python import examine_loader, examine_packages, examine_python, examine_torch


def test_python(tools: Tools) -> None:
    """The interpreter is the one that runs, with its headers or without."""
    found = by_id(examine_python(machine()))
    assert f"{platform.python_version()}, {sys.executable}" == found["python"].detail


def test_no_headers(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """The headers of the system's Python are a package; any other Python has to bring its own."""
    tools.add("apt-get")
    monkeypatch.setattr("sysconfig.get_path", lambda name: "/no/include")
    for prefix, has_command in (("/usr", True), ("/home/me/python", False)):
        monkeypatch.setattr(sys, "base_prefix", prefix)
        found = by_id(examine_python(machine()))["python-headers"]
        assert found.remedy is not None
        assert (Status.NO, "there is no Python.h in /no/include") == (found.status, found.detail)
        assert has_command is bool(found.remedy.commands)


def test_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both distributions are of one version; a loader of another one is replaced."""
    version = importlib.metadata.version("kernel-builder")
    assert ["yes", "yes"] == list(statuses(examine_packages()).values())
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.0.1" if name == "kernels" else version)
    found = by_id(examine_packages())["kernels"]
    assert found.remedy is not None
    assert (Status.NO, f"0.0.1 does not fit kernel-builder {version}") == (found.status, found.detail)
    assert found.remedy.commands[0].endswith(f"install kernels=={version}")


def test_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch is told with what it is built for."""
    found = by_id(examine_torch(machine("cu130", version="2.13.0+cu130")))["torch"]
    assert (Status.YES, "2.13.0+cu130, built for CUDA 13.0, torch") == (found.status, found.detail)


def test_no_torch() -> None:
    """Without Torch, it is to be installed."""
    found = by_id(examine_torch(machine(version=None)))["torch"]
    assert found.remedy is not None
    assert (Status.NO, "Torch is not installed") == (found.status, found.detail)
    assert found.remedy.commands[0].endswith("install torch")


def test_packages_beside_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What kernels can need beside Torch is good to have; Triton is made for Linux."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = by_id(examine_torch(machine()))
    assert ("no", "no") == (found["tvm-ffi"].status.value, found["triton"].status.value)
    assert ((), ()) == (found["tvm-ffi"].question.needed_for, found["triton"].question.needed_for)
    remedy = found["tvm-ffi"].remedy
    assert remedy is not None
    assert remedy.commands[0].endswith("install apache-tvm-ffi")
    assert "not-here" == statuses(examine_torch(machine("metal", platform=MAC)))["triton"]


def test_packages_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their versions are those of their distributions, if they belong to one."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    versions = {"triton": "3.7.1"}

    def version(name: str) -> str:
        if name in versions:
            return versions[name]
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = by_id(examine_torch(machine()))
    assert ("3.7.1", "a version that no package accounts for") == (found["triton"].detail, found["tvm-ffi"].detail)


def test_loader() -> None:
    """For each accelerator of the system, Torch is built for it or not."""
    found = by_id(examine_loader(machine("cu130"), ("cpu", "cuda", "rocm", "metal")))
    assert {"loader": "yes", "torch-cuda": "yes", "torch-rocm": "no"} == statuses(list(found.values()))
    assert "loads builds for CUDA 13.0 and the CPU on x86_64-linux with Torch 2.13" == found["loader"].detail
    assert ("local:rocm", "load:rocm") == found["torch-rocm"].question.needed_for
    assert "Torch 2.13.0 is built for CUDA 13.0" == found["torch-rocm"].detail


def test_loader_that_fails() -> None:
    """A Torch that cannot be imported is shown with its own words, and nothing is loaded or built for accelerators."""
    answer = Answer(problem="failed with status 1", said="ImportError: libcudart.so.13")
    (found,) = examine_loader(machine(answer=answer), ("cpu", "cuda"))
    assert (Status.NO, "the loader failed with status 1", "ImportError: libcudart.so.13") == (
        found.status,
        found.detail,
        found.said,
    )
    assert {"load:cpu", "load:cuda", "local:cuda"} <= set(found.question.needed_for)


def test_loader_that_hangs() -> None:
    """An import that does not end is unknown."""
    answer = Answer(problem="did not answer within 60 seconds", hangs=True)
    (found,) = examine_loader(machine(answer=answer), ("cpu",))
    assert Status.UNKNOWN is found.status
