"""`kernel-builder init`, as it is typed."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.projects import kernel_builder

from kernel_builder.cli import cli
from kernel_builder.config.reader import load_config


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in an empty folder, and git without the machine's own settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


def _init(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["init", *arguments])


def _backends(folder: str) -> tuple[str, ...]:
    return load_config(Path(folder)).general.backends


def test_what_is_said(tmp_path: Path) -> None:
    """Standard output has one line; standard error has what was mended and the next steps."""
    result = _init("--name", "me/My_Kernel", "--backends", "cpu")
    assert f"Initialized `me/my-kernel` at {tmp_path / 'my-kernel'}\n" == result.stdout
    assert "note: the kernel is named my-kernel, since 'My_Kernel' cannot be a name\n" in result.stderr
    assert "\n  cd my-kernel\n  kernel-builder build\n" in result.stderr


def test_without_an_owner(tmp_path: Path) -> None:
    """Nobody is asked who the owner is; what to add before publishing is said."""
    result = _init("relu", "--backends", "cpu")
    assert (0, f"Initialized `relu` at {tmp_path / 'relu'}\n") == (result.exit_code, result.stdout)
    assert "add `repo-id` to [general.hub]" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "folder", "backends"),
    [
        (("--name", "me/one", "--backends", "cuda", "xpu"), "one", ("cuda", "xpu")),
        (("--backends", "cuda", "XPU", "--name", "me/one"), "one", ("cuda", "xpu")),
        (("--backends", "cuda,xpu", "--name=me/one"), "one", ("cuda", "xpu")),
        (("--backends=cuda", "xpu", "--name", "me/one", "folder"), "folder", ("cuda", "xpu")),
        (("--backends", "cuda", "--backends", "xpu", "--name", "me/one"), "one", ("cuda", "xpu")),
        (("--backends", "cpu", "--", "folder"), "folder", ("cpu",)),
        (("folder", "--backends", "all"), "folder", ("cpu", "cuda", "metal", "rocm", "xpu")),
        (("folder", "--backends", "neuron", "tpu"), "folder", ("neuron", "tpu")),
        (("folder", "--framework", "tvm-ffi", "--backends", "all"), "folder", ("cpu", "cuda", "xpu")),
    ],
)
def test_where_backends_and_path_may_stand(arguments: tuple[str, ...], folder: str, backends: tuple[str, ...]) -> None:
    """--backends takes every value up to the next option, however often; PATH stands anywhere else."""
    result = _init(*arguments)
    assert (0, backends) == (result.exit_code, _backends(folder)), result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--backends", "cdua"), "'cdua' is not a backend"),
        (("--backends", "cdua"), "perhaps cuda is meant."),
        (("--backends", "cuda", "folder"), "a PATH goes before --backends, or after --."),
        (("--backends",), "Option '--backends' requires an argument."),
        (("--backends", "cuda", "tpu"), "leave tpu out, or choose --framework torch-noarch."),
        (("--framework", "tvm-ffi", "--backends", "metal"), "tvm-ffi kernels are not built for metal"),
        (("--framework", "jax"), "'jax' is not one of"),
        (("--name", "relu"), "'relu' is not of the form OWNER/NAME"),
        (("--name", "me/3d"), "Invalid value for '--name': '3d' is not a name: use two or more lower-case letters"),
        (("relu/ünï", "--json"), "Invalid value for 'PATH': 'ünï' is not a name"),
        (("./x",), "Invalid value for 'PATH': 'x' is not a name: use two or more lower-case letters"),
        (("",), "the path is empty"),
        (("--name", "me/3d"), "what could be used is --name OWNER/kernel-3d."),
        (("--license", ""), "the license is empty"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], said: str) -> None:
    """What cannot be done is wrong usage, with the remedy, and nothing is written."""
    result = _init(*arguments)
    assert (2, True, []) == (result.exit_code, said in " ".join(result.stderr.split()), list(Path().iterdir()))


def test_json(tmp_path: Path) -> None:
    """With --json, standard output is one document."""
    document = json.loads(_init("me/relu", "--backends", "neuron", "--json").stdout)
    files = document.pop("files")
    assert {
        "name": "relu",
        "repo-id": "me/relu",
        "path": str(tmp_path / "relu"),
        "framework": "torch-noarch",
        "backends": ["neuron"],
        "git": "initialized",
        "notes": ["kernels for neuron are Python only, so the framework is torch-noarch"],
    } == document
    written = (path.relative_to("relu") for path in Path("relu").rglob("*") if path.is_file())
    assert files == sorted(path.as_posix() for path in written if path.parts[0] != ".git")


def test_files_in_the_way() -> None:
    """Files that would be lost are named, the exit code is 7, and --overwrite replaces them and no others."""
    Path("relu").mkdir()
    for name in ("build.toml", "notes.txt"):
        Path("relu", name).write_text("mine", "utf-8")
    refused = kernel_builder("init", "relu", "--license", "MIT")
    assert (7, ["build.toml", "notes.txt"]) == (
        refused.returncode,
        sorted(path.name for path in Path("relu").iterdir()),
    )
    assert str(Path("relu", "build.toml")) in refused.stderr
    assert "notes.txt" not in refused.stderr
    assert 0 == kernel_builder("init", "relu", "--license", "MIT", "--overwrite").returncode
    assert ("MIT", "mine") == (load_config(Path("relu")).general.license, Path("relu", "notes.txt").read_text("utf-8"))
