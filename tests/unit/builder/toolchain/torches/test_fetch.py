"""Torch is fetched into the cache: the right one, whole, and once."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from support.torch_wheels import make_index, make_wheel

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.pip import Listener
from kernel_builder.toolchain.torch import find_torch
from kernel_builder.toolchain.torches import fetch
from kernel_builder.toolchain.torches.fetch import fetch_torch
from kernel_builder.toolchain.torches.store import python_tag
from kernel_builder.toolchain.torches.wanted import WantedTorch
from kernels.backend import Compute, MajorMinor
from kernels.variant import Platform

CU130 = WantedTorch(
    release=MajorMinor(2, 13), or_later=False, compute=Compute("cuda", MajorMinor(13, 0)), cxx11_abi=True
)
CU132 = WantedTorch(
    release=MajorMinor(2, 13), or_later=False, compute=Compute("cuda", MajorMinor(13, 2)), cxx11_abi=True
)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, which is all that pip knows of, on a machine that the table of wheels has nothing for."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(fetch, "_table", tuple)
    return folder


def _list(monkeypatch: pytest.MonkeyPatch, sha256: str) -> None:
    """Let the table have the wheel of Torch 2.13.0 for CUDA 13.0 and this machine."""
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    wheel = {"version": "2.13.0", "compute": "cu130", "python": python_tag(), "platform": "x86_64-linux"}
    monkeypatch.setattr(fetch, "_table", lambda: ({**wheel, "sha256": sha256},))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.name != ".lock")


def test_a_known_wheel(wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel of the registry, whose version does not say what it is for, goes before one of the same for the CPU."""
    _list(monkeypatch, _sha256(make_wheel(wheels, "2.13.0", says="2.13.0+cu130")))
    make_wheel(wheels, "2.13.0+cpu")
    stages: list[str] = []
    place = fetch_torch(CU130, tmp_path / "cache", listener=Listener(on_stage=stages.append))
    assert ["download Torch 2.13 for cuda 13.0", "unpack torch-2.13.0-py3-none-any.whl"] == stages
    assert ("2.13.0+cu130", place) == ((found := find_torch(place=place)).version, found.place)
    assert [f"2.13-cu130-{python_tag()}"] == _kept(tmp_path / "cache")
    assert {"torch", "torch-2.13.0.dist-info"} == {path.name for path in place.iterdir()}
    assert [True, False] == [os.access(place / "torch" / name, os.X_OK) for name in ("bin/tool", "version.py")]


def test_it_is_fetched_once(wheels: Path, tmp_path: Path) -> None:
    """What is in the cache is not asked for again."""
    wheel = make_wheel(wheels, "2.13.0+cu130")
    place = fetch_torch(CU130, tmp_path / "cache")
    wheel.unlink()
    assert place == fetch_torch(CU130, tmp_path / "cache")


def test_another_file_of_that_name(wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A known wheel with other bytes is refused, and nothing of it is kept."""
    make_wheel(wheels, "2.13.0", says="2.13.0+cu130")
    _list(monkeypatch, "0" * 64)
    message = "what the registry has under the name of Torch 2.13 for cuda 13.0 is not what it should be"
    with pytest.raises(ToolchainError, match=message):
        fetch_torch(CU130, tmp_path / "cache")
    assert [] == _kept(tmp_path / "cache")


def test_a_torch_for_something_else(wheels: Path, tmp_path: Path) -> None:
    """What came is named by what it says of itself, with the ways out, and is not kept."""
    make_wheel(wheels, "2.13.0+cpu")
    with pytest.raises(ToolchainError) as caught:
        fetch_torch(CU130, tmp_path / "cache")
    expected = (
        "torch-2.13.0+cpu-py3-none-any.whl came for Torch 2.13 for cuda 13.0, and is Torch 2.13.0+cpu for cpu; it was "
        "not kept"
    )
    assert expected == str(caught.value)
    assert "--torch-index" in caught.value.hint
    assert [] == _kept(tmp_path / "cache")


def test_an_index_that_is_named(wheels: Path, tmp_path: Path) -> None:
    """Only the index that is named is asked, whatever pip is set up with."""
    make_wheel(wheels, "2.13.9+cpu")
    index = make_index(tmp_path / "simple", make_wheel(tmp_path / "elsewhere", "2.13.0+cu132"))
    place = fetch_torch(CU132, tmp_path / "cache", index=index)
    assert "2.13.0+cu132" == find_torch(place=place).version


def test_nothing_of_that_release(wheels: Path, tmp_path: Path) -> None:
    """When the registry has no such Torch, that is said, and where pip looks."""
    with pytest.raises(ToolchainError, match=r"the registry has no Torch 2\.13 for cuda 13\.0") as caught:
        fetch_torch(CU130, tmp_path / "cache")
    assert "pip is set up with PIP_FIND_LINKS, PIP_NO_INDEX" in caught.value.hint
    assert [] == _kept(tmp_path / "cache")


@pytest.mark.parametrize(
    "record", [{"torch/version.py": "__version__ = '2.13.0+cu130'\n"}, {"torch/lib/libtorch.so": "a library"}]
)
def test_a_damaged_wheel(wheels: Path, tmp_path: Path, record: dict[str, str]) -> None:
    """A wheel that the table does not know has to be what its own list says."""
    make_wheel(wheels, "2.13.0+cu130", record=record)
    with pytest.raises(ToolchainError, match=f"is damaged: {next(iter(record))} is not what its RECORD names"):
        fetch_torch(CU130, tmp_path / "cache")
    assert [] == _kept(tmp_path / "cache")


@pytest.mark.parametrize("moment", ["pip", "unpack"])
def test_an_interruption(wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """Ctrl-C while it is downloaded or unpacked leaves nothing, and the next attempt is as the first."""
    make_wheel(wheels, "2.13.0+cu130")
    for name in ("TEMP", "TMP", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    def interrupt(text: str) -> None:
        if moment == "pip" or text.startswith("unpack"):
            raise KeyboardInterrupt

    listener = Listener(on_line=interrupt) if moment == "pip" else Listener(on_stage=interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch_torch(CU130, tmp_path / "cache", listener=listener)
    assert [[], []] == [_kept(tmp_path / "cache"), list((tmp_path / "temporary").iterdir())]
    assert "2.13.0+cu130" == find_torch(place=fetch_torch(CU130, tmp_path / "cache")).version


def test_a_broken_download_is_no_archive(wheels: Path, tmp_path: Path) -> None:
    """A file that ends too early is damaged, and not kept."""
    wheel = make_wheel(wheels, "2.13.0+cu130")
    index = make_index(tmp_path / "simple", wheel)
    wheel.write_bytes(wheel.read_bytes()[:-100])
    with pytest.raises(ToolchainError, match="is not what it should be"):
        fetch_torch(CU130, tmp_path / "cache", index=index)
    assert [] == _kept(tmp_path / "cache")


@pytest.mark.parametrize("processor", ["x86_64", "aarch64"])
def test_the_table_has_the_newest_torch(processor: str) -> None:
    """The wheels of Torch 2.13 for CUDA 13.0 are known for every Python that it is for."""
    wheels = json.loads(Path(fetch.__file__).with_name("wheels.json").read_text("utf-8"))["wheels"]
    wanted = ("2.13.0", "cu130", str(Platform(processor, "linux")))
    known = {wheel["python"] for wheel in wheels if wanted == (wheel["version"], wheel["compute"], wheel["platform"])}
    assert {"cp310", "cp311", "cp312", "cp313", "cp314"} == known
