"""The files that a build.toml names."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel_builder.config.model import TorchExtension
from kernel_builder.config.reader import check_config

_TOML = """\
[general]
name = "my-relu"
version = 1
edition = 5
license = "MIT"
backends = ["cpu"]
[torch]
src = ["torch-ext/torch_binding.cpp"]

[kernel.relu]
backend = "cpu"
depends = ["torch"]
src = ["relu/relu.cpp"]
include = ["relu"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with all its files."""
    top = tmp_path / "project"
    for name in ("torch-ext/torch_binding.cpp", "torch-ext/my_relu/__init__.py", "relu/relu.cpp"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).touch()
    (top / "build.toml").write_text(_TOML)
    (tmp_path / "outside.cpp").touch()
    return top


def _found(project: Path) -> list[tuple[str, int, int, str, str | None]]:
    findings = check_config(project).findings
    return [(it.severity, it.line, it.column, it.key, it.suggestion) for it in findings]


def test_a_whole_project_is_right(project: Path) -> None:
    """With every file in place nothing is found, and the config comes back."""
    result = check_config(project)
    assert ((), "my-relu") == (result.findings, result.config and result.config.general.name)


def _link(target: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        file.unlink()
        file.symlink_to(target)

    return change


def _to_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _to_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Path.unlink, "does not exist"),
        (_to_folder, "is a folder"),
        (_to_fifo, "is not a regular file"),
        (_link("nowhere.cpp"), "is a link to nothing"),
        (_link("../../outside.cpp"), "leads out of the project"),
        (_link("/dev/null"), "leads out of the project"),
        (_link("relu.cpp"), ""),
    ],
)
def test_a_source_is_a_file_of_the_project(project: Path, change: Callable[[Path], None], says: str) -> None:
    """Missing files, folders, pipes, devices and links that lead out or nowhere are shown at the entry."""
    change(project / "relu/relu.cpp")
    result = check_config(project)
    assert result.config is None
    assert [(13, 8, "kernel.relu.src[0]", True)] == [
        (it.line, it.column, it.key, says in it.message) for it in result.findings
    ]


def test_a_link_within_the_project_is_fine(project: Path) -> None:
    """Only where a link leads counts."""
    (project / "relu/relu.cpp").rename(project / "relu/real.cpp")
    (project / "relu/relu.cpp").symlink_to("real.cpp")
    assert [] == _found(project)


def test_a_folder_that_leads_out_is_refused(project: Path, tmp_path: Path) -> None:
    """A link in the middle of a path counts too, for sources and include folders."""
    (project / "relu").rename(tmp_path / "elsewhere")
    (project / "relu").symlink_to(tmp_path / "elsewhere")
    expected = [("error", 13, 8, "kernel.relu.src[0]", None), ("error", 14, 12, "kernel.relu.include[0]", None)]
    assert expected == _found(project)


def test_a_similar_file_is_suggested(project: Path) -> None:
    """A misspelled name comes with the file that is there."""
    (project / "relu/relu.cpp").rename(project / "relu/relu_.cpp")
    assert [("error", 13, 8, "kernel.relu.src[0]", "relu/relu_.cpp")] == _found(project)


def test_the_python_module_is_needed(project: Path) -> None:
    """Without it the finding stands at the name, which is where its folder comes from."""
    (project / "torch-ext/my_relu/__init__.py").unlink()
    assert [("error", 2, 8, "general.name", None)] == _found(project)


def test_a_missing_include_folder_is_doubtful(project: Path) -> None:
    """Compilers pass over it, so it is a warning."""
    (project / "build.toml").write_text(_TOML.replace('["relu"]', '["rellu"]'))
    assert [("warning", 14, 12, "kernel.relu.include[0]", None)] == _found(project)


def test_a_name_that_no_file_can_have_is_survived(project: Path) -> None:
    """The system's own refusal is a finding like another."""
    (project / "build.toml").write_text(_TOML.replace("relu/relu.cpp", "x" * 5000 + ".cpp"))
    assert [("error", "kernel.relu.src[0]")] == [(it[0], it[3]) for it in _found(project)]


def test_files_are_not_looked_at_while_the_file_itself_is_wrong(project: Path) -> None:
    """A path that was refused is never followed."""
    (project / "build.toml").write_text(_TOML.replace("relu/relu.cpp", "../outside.cpp"))
    assert [("error", 13, 8, "kernel.relu.src[0]", None)] == _found(project)


def _with_src(project: Path, src: str) -> None:
    (project / "build.toml").write_text(_TOML.replace('src = ["relu/relu.cpp"]', f"src = {src}"))


def test_patterns_are_expanded(project: Path) -> None:
    """The config has the files, sorted within each pattern and each once, in the place of the patterns."""
    for name in ("relu/b.cpp", "relu/a.cpp", "relu/a.h", "torch-ext/more.cpp"):
        (project / name).touch()
    text = _TOML.replace('src = ["relu/relu.cpp"]', 'src = ["relu/b.cpp", "relu/*.cpp", "relu/*.h"]')
    (project / "build.toml").write_text(text.replace("torch-ext/torch_binding.cpp", "torch-ext/*.cpp"))
    result = check_config(project)
    assert result.config is not None
    assert isinstance(result.config.framework, TorchExtension)
    assert ((), ("relu/b.cpp", "relu/a.cpp", "relu/relu.cpp", "relu/a.h")) == (
        result.findings,
        result.config.kernels[0].src,
    )
    assert ("torch-ext/more.cpp", "torch-ext/torch_binding.cpp") == result.config.framework.src


@pytest.mark.parametrize(
    ("src", "expected"),
    [
        ('["relu/relu.cpp", "relu/*.cc"]', [("error", 13, 25, "kernel.relu.src[1]", None)]),
        ('["relu/*"]', [("error", 13, 8, "kernel.relu.src[0]", None)]),
        ('["relu/*.h"]', [("warning", 13, 1, "kernel.relu.src", None)]),
        ('["relu/x?y.cpp"]', [("error", 13, 8, "kernel.relu.src[0]", None)]),
    ],
)
def test_patterns_match_what_can_be_compiled(
    project: Path, src: str, expected: list[tuple[str, int, int, str, str | None]]
) -> None:
    """Nothing, a source of another compiler, headers alone, and a name that build tools do not take are shown."""
    for name in ("relu/a.h", "relu/b.cu", "relu/x;y.cpp"):
        (project / name).touch()
    (project / "relu/x;y.cpp").rename(project / ("relu/x;y.cpp" if "?" in src else "relu/z.inc"))
    _with_src(project, src)
    assert expected == _found(project)


def test_a_pattern_does_not_lead_out(project: Path) -> None:
    """A link to a file outside is not matched, so that nothing outside is built from unseen."""
    (project / "relu/out.cpp").symlink_to("../../outside.cpp")
    _with_src(project, '["relu/*.cpp"]')
    result = check_config(project)
    assert result.config is not None
    assert ("relu/relu.cpp",) == result.config.kernels[0].src


def test_a_link_that_leads_to_itself_is_survived(project: Path) -> None:
    """Following it ends, and the finding stands at the entry."""
    (project / "relu/relu.cpp").unlink()
    (project / "relu/relu.cpp").symlink_to("relu.cpp")
    assert [("error", 13, 8, "kernel.relu.src[0]")] == [it[:4] for it in _found(project)]
