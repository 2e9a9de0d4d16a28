"""Which Torch a build is made against."""

import sys
from pathlib import Path

import pytest
from support.torch_wheels import place_torch

from kernel_builder.errors import TargetError, ToolchainError
from kernel_builder.matrix import host_platform
from kernel_builder.toolchain.torches import choose
from kernel_builder.toolchain.torches.choose import choose_torch
from kernel_builder.toolchain.torches.sources import TorchSources
from kernel_builder.toolchain.torches.store import python_tag

HERE = host_platform()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and an environment with a Torch 2.13 for the CPU."""
    monkeypatch.setenv("KERNEL_BUILDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(place_torch(tmp_path / "environment", "2.13.0+cpu"))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    return tmp_path / "cache" / "torch"


def _variant(torch: str, compute: str) -> str:
    return f"torch{torch}-{'cxx11-' if HERE.os == 'linux' else ''}{compute}-{HERE}"


@pytest.mark.parametrize(
    "variant",
    [
        None,
        "no variant at all",
        "torch-cpu",
        f"tvm-ffi01-cpu-{HERE}",
        "torch212-cxx11-cpu-riscv64-plan9",
        _variant("213", "cpu"),
        f"torch-stable-abi212-cpu-{HERE}",
    ],
)
def test_the_torch_of_the_environment(cache: Path, tmp_path: Path, variant: str | None) -> None:
    """It is taken where it fits, and where no Torch of this system could serve."""
    found = choose_torch(variant)
    assert ("2.13.0+cpu", tmp_path / "environment" / "torch", None) == (found.version, found.root, found.place)


@pytest.mark.parametrize(
    ("variant", "name"),
    [
        (_variant("213", "cu130"), f"2.13-cu130-{python_tag()}"),
        (_variant("213", "cu132"), "2.13-cu132-cp38"),
        (_variant("212", "cu130"), f"2.12-cu130-{python_tag()}"),
        # Any Torch of the release will do.
        (_variant("212", "cpu"), f"2.12-cu130-{python_tag()}"),
        # Any Torch from that release on.
        (f"torch-stable-abi212-cu130-{HERE}", f"2.13-cu130-{python_tag()}"),
    ],
)
def test_a_torch_of_the_cache(cache: Path, variant: str, name: str) -> None:
    """Where the environment's does not fit, one of the cache is taken: one for the running Python, if there is one."""
    for one in ("2.12-cu130", "2.13-cu130"):
        for python in ("cp38", python_tag()):
            place_torch(cache / f"{one}-{python}", f"{one[:4]}.0+{one[5:]}")
    place_torch(cache / "2.13-cu132-cp38", "2.13.1+cu132")
    found = choose_torch(variant)
    assert (cache / name, cache / name / "torch") == (found.place, found.root)


def test_what_is_no_torch_is_passed_over(cache: Path) -> None:
    """A folder that was emptied by hand, and one of another name, hide nothing."""
    for name in (f"2.13-cu130-{python_tag()}", "notes"):
        (cache / name).mkdir(parents=True)
    place_torch(cache / "2.13-cu130-cp38", "2.13.0+cu130")
    assert cache / "2.13-cu130-cp38" == choose_torch(_variant("213", "cu130")).place


def test_none_that_fits(cache: Path) -> None:
    """The error says what is wanted, what there is, and each way to get it."""
    place_torch(cache / "2.12-cu126-cp311", "2.12.1+cu126")
    with pytest.raises(TargetError) as caught:
        choose_torch(variant := _variant("213", "cu130"))
    expected = (
        f"{variant} cannot be built here with Torch 2.13.0+cpu of {sys.executable}: it needs Torch 2.13 for cuda 13.0; "
        "the cache has Torch 2.12.1+cu126"
    )
    assert expected == str(caught.value)
    assert ["--fetch-torch", "--python"] == [word for word in caught.value.hint.split() if word.startswith("--")]


def test_no_torch_at_all(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a Torch in the environment, one of the cache serves; without that, the error says both."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolchainError, match="Torch is not installed in"):
        choose_torch(None)
    with pytest.raises(
        TargetError, match=r"cannot be built here \(Torch is not installed in .* the cache has no Torch"
    ):
        choose_torch(_variant("213", "cpu"))
    place_torch(cache / "2.13-cu130-cp311", "2.13.0+cu130")
    assert cache / "2.13-cu130-cp311" == choose_torch(_variant("213", "cpu")).place


def test_another_interpreter(cache: Path, tmp_path: Path) -> None:
    """The Torch of an interpreter that is named is taken in place of that of the environment."""
    place_torch(tmp_path / "site", "2.12.0+cu126")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path}/site exec {sys.executable} "$@"\n', "utf-8")
    python.chmod(0o755)
    sources = TorchSources(python=python)
    for variant in (None, _variant("212", "cu126")):
        found = choose_torch(variant, sources)
        assert ("2.12.0+cu126", python, None) == (found.version, found.python, found.place)
    with pytest.raises(TargetError, match=f"with Torch 2.12.0.cu126 of {python}: it needs Torch 2.13"):
        choose_torch(_variant("213", "cpu"), sources)


@pytest.mark.parametrize("content", ["#!/bin/sh\necho 3.11\n", "#!/bin/sh\nexit 1\n", None])
def test_what_is_no_interpreter(cache: Path, tmp_path: Path, content: str | None) -> None:
    """A program that is no Python, or none at all, is named."""
    python = tmp_path / "python"
    if content is not None:
        python.write_text(content, "utf-8")
        python.chmod(0o755)
    with pytest.raises(ToolchainError, match=str(python)):
        choose_torch(None, TorchSources(python=python))


def test_fetching(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is fetched only where neither the environment nor the cache has it."""
    asked: list[str] = []

    def fetch_torch(wanted: object, cache: Path, *, index: str | None, listener: object) -> Path:
        asked.append(f"{wanted} {index}")
        return place_torch(cache / "2.13-cu130-cp311", "2.13.0+cu130")

    monkeypatch.setattr(choose, "fetch_torch", fetch_torch)
    sources = TorchSources(fetch=True, index="index")
    assert "2.13.0+cpu" == choose_torch(_variant("213", "cpu"), sources).version
    for _ in range(2):
        assert cache / "2.13-cu130-cp311" == choose_torch(_variant("213", "cu130"), sources).place
    assert ["Torch 2.13 for cuda 13.0 index"] == asked


def test_fetching_what(cache: Path) -> None:
    """To fetch a Torch, the variant has to be named."""
    with pytest.raises(TargetError, match="--fetch-torch downloads the Torch of one variant"):
        choose_torch(None, TorchSources(fetch=True))
