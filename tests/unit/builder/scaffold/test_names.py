"""Names and the folder of a new kernel."""

import ast
from pathlib import Path

import pytest

from kernel_builder.scaffold.choices import Choice, ChoiceError
from kernel_builder.scaffold.names import TAKEN, Names, choose_place
from kernel_builder.scaffold.render import render


@pytest.mark.parametrize(
    ("path", "name", "folder", "repo_id"),
    [
        ("here", "me/my-kernel", "here", "me/my-kernel"),
        (None, "me/my-kernel", "my-kernel", "me/my-kernel"),
        ("me/my-kernel", None, "my-kernel", "me/my-kernel"),
        ("my-kernel", None, "my-kernel", None),
        ("./me/my-kernel", None, "me/my-kernel", None),
        ("../other/my-kernel", None, "../other/my-kernel", None),
        ("there/my-kernel", None, "there/my-kernel", None),
        ("a/b/my-kernel", None, "a/b/my-kernel", None),
        ("my-kernel/", None, "my-kernel", None),
    ],
)
def test_path_and_name(tmp_path: Path, path: str | None, name: str | None, folder: str, repo_id: str | None) -> None:
    """The folder is PATH, or a new one with the name; OWNER/NAME is a folder only where there is a folder OWNER."""
    (tmp_path / "there").mkdir()
    place = choose_place(path, name, tmp_path)
    assert ("my-kernel", repo_id, tmp_path / folder) == (place.names.name, place.names.repo_id, place.folder)


def test_the_current_folder(tmp_path: Path) -> None:
    """Without PATH and --name, the kernel is made in the current folder and has its name."""
    folder = tmp_path / "my-kernel"
    folder.mkdir()
    place = choose_place(None, None, folder)
    assert (Names(name="my-kernel"), folder) == (place.names, place.folder)


def test_an_absolute_path(tmp_path: Path) -> None:
    """An absolute PATH is where the kernel is made."""
    place = choose_place(str(tmp_path / "elsewhere" / "relu"), None, tmp_path)
    assert ("relu", tmp_path / "elsewhere" / "relu") == (place.names.name, place.folder)


@pytest.mark.parametrize(
    ("asked", "mended"),
    [("My_Kernel", "my-kernel"), ("MyKernel", "mykernel"), ("a--b", "a-b"), (" _x2 ", "x2"), ("relu.v2", "relu-v2")],
)
def test_mended_names(tmp_path: Path, asked: str, mended: str) -> None:
    """Upper case and other characters are mended, in the repository too; what was asked for is kept to be shown."""
    place = choose_place(None, f"me/{asked}", tmp_path)
    assert (mended, f"me/{mended}", asked) == (place.names.name, place.names.repo_id, place.asked)


@pytest.mark.parametrize(
    ("asked", "possible"),
    [
        ("3d-conv", "kernel-3d-conv"),
        ("lambda", "kernel-lambda"),
        ("x", "kernel-x"),
        ("torch", "kernel-torch"),
        ("Copy", "kernel-copy"),
        ("___", "my-kernel"),
        ("long" * 30, ("long" * 30)[:64]),
    ],
)
def test_names_that_cannot_be_mended(tmp_path: Path, asked: str, possible: str) -> None:
    """A name that cannot be mended is refused, and one that could be used is suggested."""
    with pytest.raises(ChoiceError) as caught:
        choose_place(None, f"me/{asked}", tmp_path)
    assert f"what could be used is --name OWNER/{possible}" == caught.value.hint


@pytest.mark.parametrize("path", ["me/x", "./x", "somewhere/torch"])
def test_what_is_wrong_with_a_path_is_said_of_the_path(tmp_path: Path, path: str) -> None:
    """Nobody who gave PATH reads of a wrong value for --name."""
    with pytest.raises(ChoiceError) as caught:
        choose_place(path, None, tmp_path)
    assert "PATH" == caught.value.option


@pytest.mark.parametrize("name", ["my-kernel", "/my-kernel", "me/", "a/b/c", "-me/my-kernel", "m e/my-kernel"])
def test_names_without_a_usable_owner(tmp_path: Path, name: str) -> None:
    """--name is OWNER/NAME, and the owner is one that the Hub can have."""
    with pytest.raises(ChoiceError) as caught:
        choose_place(None, name, tmp_path)
    assert "--name" == caught.value.option


def test_forms_of_a_name() -> None:
    """The package has underscores, the class humps, and the function is named as the package."""
    names = Names(name="my-2d-kernel")
    assert ("my_2d_kernel", "my_2d_kernel", "My2dKernel") == (names.module, names.function, names.class_name)


@pytest.mark.parametrize("taken", TAKEN)
def test_functions_do_not_hide_what_their_module_needs(taken: str) -> None:
    """A kernel named after something that the templates use has a function of another name."""
    assert f"{taken}_kernel" == Names(name=taken.replace("_", "-")).function


@pytest.mark.parametrize("framework", ["torch", "torch-noarch", "tvm-ffi"])
def test_every_global_name_of_the_package_is_taken(framework: str) -> None:
    """What a package binds at its top, beside its function, is in the list of names that no function may have."""
    names = Names(name="unlikely-name")
    files = render(names, Choice(framework=framework, backends=("cpu",)), "MIT")
    module = next(text for path, text in files.items() if path.endswith("-ext/unlikely_name/__init__.py"))
    bound = set()
    for node in ast.walk(ast.parse(module)):
        if isinstance(node, ast.Import):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            bound |= {alias.asname or alias.name for alias in node.names}
    # The names of kernels begin with a small letter, and no kernel is named as a module that it would hide.
    assert set() == {name for name in bound if name[0].islower()} - {*TAKEN, "importlib", "torch"}
