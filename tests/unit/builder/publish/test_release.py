"""What a project publishes."""

import json
from pathlib import Path

import pytest
from support.builds import make_build
from support.configs import torch_config
from support.projects import ROOT

from kernel_builder.config.model import KernelConfig
from kernel_builder.errors import CardError, PublishError
from kernel_builder.publish.model import Release
from kernel_builder.publish.release import find_release

CPU, CUDA = "torch-cpu", "torch-cuda"
CONFIG = torch_config()


def _write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def _project(folder: Path) -> Path:
    """A project with a package, but without builds."""
    _write(folder / "torch-ext" / "demo_kernel" / "__init__.py", '__all__ = ["f"]\n')
    return folder


def _codes(release: Release) -> list[tuple[str, str, str]]:
    return [(finding.severity, finding.code, finding.file) for finding in release.findings if finding.code != "no-card"]


def test_the_builds_of_a_project(tmp_path: Path) -> None:
    """Every build is found, with what it says of itself, and every file of it with its path in the repository."""
    for name in (CUDA, CPU):
        make_build(tmp_path / "build" / name, {"part/a.py": ""}, version=3)
    (tmp_path / "build" / ".stage-torch-cpu").mkdir()
    _write(tmp_path / "build" / "notes.txt")

    release = find_release(tmp_path)

    assert {CPU: tmp_path / "build" / CPU, CUDA: tmp_path / "build" / CUDA} == release.builds
    assert [CPU, CUDA] == list(release.builds)
    assert ([CPU, CUDA], 3, []) == (list(release.metadata), release.version, _codes(release))
    names = ("__init__.py", "demo_kernel/__init__.py", "metadata.json", "part/a.py")
    assert [f"build/{build}/{name}" for build in (CPU, CUDA) for name in names] == [file.path for file in release.files]
    assert (None, False) == (release.card, release.has_benchmarks)


@pytest.mark.parametrize("made", [("build", "result", "."), ("result", "."), (".",)])
def test_where_builds_are(tmp_path: Path, made: tuple[str, ...]) -> None:
    """`build/` goes before an older `result`, and that before the folder itself; a note names those that are left."""
    for place in made:
        folder = tmp_path / "store" if place == "result" else tmp_path / place
        make_build(folder / CPU)
    if "result" in made:
        (tmp_path / "result").symlink_to("store")

    release = find_release(tmp_path)

    assert {CPU: tmp_path / made[0] / CPU} == release.builds
    expected = [("note", "other-builds", str(tmp_path / place)) for place in made[1:]]
    assert expected == _codes(release)


def test_build_dir(tmp_path: Path) -> None:
    """A folder that is named is taken, and no other; benchmarks and the card's template are those of the project."""
    project = _project(tmp_path / "project")
    make_build(project / "build" / CPU)
    make_build(tmp_path / "elsewhere" / CUDA)
    _write(project / "benchmarks" / "benchmark.py")
    _write(project / "CARD.md", "# {{ repo_id }}")

    release = find_release(project, CONFIG, build_dir=tmp_path / "elsewhere")

    assert ([CUDA], "benchmarks/benchmark.py") == (list(release.builds), release.files[0].path)
    assert release.card is not None
    assert "# OWNER/demo-kernel" == release.card.source.read_text("utf-8")


def test_one_build(tmp_path: Path) -> None:
    """The folder of one build is that build, with the card beside it."""
    tree = make_build(tmp_path / "build" / CPU)
    make_build(tmp_path / "build" / CUDA)
    _write(tmp_path / "build" / "CARD.md", "# Card")
    release = find_release(tree)
    assert ({CPU: tree}, True) == (release.builds, release.card is not None)


def test_no_builds(tmp_path: Path) -> None:
    """Where there is no build, all places are named where one could be, and what makes one."""
    (tmp_path / "build").mkdir()
    with pytest.raises(PublishError) as raised:
        find_release(tmp_path)
    words = (str(tmp_path / "build"), str(tmp_path / "result"), "`kernel-builder build`", "no-variants")
    assert [] == [word for word in words if word not in f"{raised.value} {raised.value.hint} {raised.value.findings}"]
    with pytest.raises(PublishError, match=f"{tmp_path / 'empty'} has no builds"):
        find_release(tmp_path, build_dir=tmp_path / "empty")


def test_builds_that_cannot_be_read(tmp_path: Path) -> None:
    """What has no metadata, metadata that is none, or a name that is none is told, all at once; the rest is read."""
    make_build(tmp_path / "build" / CPU)
    make_build(tmp_path / "build" / "my-build")
    _write(tmp_path / "build" / "torch-rocm" / "__init__.py")
    _write(tmp_path / "build" / "torch-xpu" / "metadata.json", "{")

    release = find_release(tmp_path)

    assert [
        ("error", "variant-name", "build/my-build"),
        ("error", "metadata", "build/torch-rocm/metadata.json"),
        ("error", "metadata", "build/torch-xpu/metadata.json"),
    ] == _codes(release)
    assert {"my-build", CPU} == set(release.builds)


def test_no_build_that_can_be_read(tmp_path: Path) -> None:
    """When no metadata can be read, the version is not known, and each build is named."""
    for name in (CPU, CUDA):
        _write(tmp_path / "build" / name / "metadata.json", "{}")
    with pytest.raises(PublishError) as raised:
        find_release(tmp_path)
    assert ["build/torch-cpu/metadata.json", "build/torch-cuda/metadata.json"] == [
        finding.as_json()["file"] for finding in raised.value.findings
    ]
    assert [] == [name for name in (CPU, CUDA) if name not in str(raised.value)]


def test_versions_that_disagree(tmp_path: Path) -> None:
    """The version is the highest one; whoever publishes looks whether all agree."""
    make_build(tmp_path / "build" / CPU, version=10)
    make_build(tmp_path / "build" / CUDA, version=9)
    assert 10 == find_release(tmp_path).version


def test_benchmarks(tmp_path: Path) -> None:
    """The scripts at the top of `benchmarks/` are published; their data and helpers are not."""
    make_build(tmp_path / "build" / CPU)
    for name in ("benchmark.py", "benchmark_large.py", "helper.py", "benchmark.json", "more/benchmark.py"):
        _write(tmp_path / "benchmarks" / name)
    (tmp_path / "benchmarks" / "benchmark_out.py").symlink_to("/etc/hosts")

    release = find_release(tmp_path)

    assert ["benchmarks/benchmark.py", "benchmarks/benchmark_large.py"] == [
        file.path for file in release.files if not file.path.startswith("build/")
    ]
    assert (True, [("error", "link", "benchmarks/benchmark_out.py")]) == (release.has_benchmarks, _codes(release))


def test_the_card_of_the_build(tmp_path: Path) -> None:
    """The card that the build has filled is the one; when the project gives another by now, that is told."""
    project = _project(tmp_path)
    make_build(project / "build" / CPU)
    beside = _write(project / "build" / "CARD.md", "# OWNER/demo-kernel\n")
    template = _write(project / "CARD.md", "# {{ repo_id }}\n")

    release = find_release(project, CONFIG)
    assert release.card is not None
    assert (beside, "README.md", []) == (release.card.source, release.card.path, _codes(release))

    _write(template, "# Another {{ repo_id }}\n")
    assert [("warning", "old-card", "README.md")] == _codes(find_release(project, CONFIG))
    _write(template, "# {{ nothing }}\n")
    assert [] == _codes(find_release(project, CONFIG))


def test_a_card_that_is_filled_now(tmp_path: Path) -> None:
    """Without a filled card the template is filled, and the project has no new file but in its work folder."""
    project = _project(tmp_path)
    make_build(project / "build" / CPU)
    _write(project / "CARD.md", "# {{ repo_id }} {{ version }}\n")
    before = {path.name for path in project.iterdir()}

    release = find_release(project, CONFIG)

    assert release.card is not None
    assert "# OWNER/demo-kernel 1\n" == release.card.source.read_text("utf-8")
    assert before | {".kernel-builder"} == {path.name for path in project.iterdir()}
    _write(project / "CARD.md", "{{ nothing }}")
    with pytest.raises(CardError, match=r"CARD\.md:1"):
        find_release(project, CONFIG)


@pytest.mark.parametrize("config", [None, CONFIG])
def test_no_card(tmp_path: Path, config: KernelConfig | None) -> None:
    """Without a card there is a note; the card on the Hub stays as it is."""
    make_build(_project(tmp_path) / "build" / CPU)
    release = find_release(tmp_path, config)
    assert (None, [("note", "no-card")]) == (
        release.card,
        [(finding.severity, finding.code) for finding in release.findings],
    )


@pytest.mark.parametrize("text", ["-----BEGIN " + "PRIVATE KEY-----", None])
def test_a_card_that_must_not_leave(tmp_path: Path, text: str | None) -> None:
    """A card with a secret, or one that leads elsewhere, is refused as any file is."""
    make_build(tmp_path / "build" / CPU)
    if text is None:
        (tmp_path / "build" / "CARD.md").symlink_to("/etc/hosts")
    else:
        _write(tmp_path / "build" / "CARD.md", text)
    release = find_release(tmp_path)
    assert (None, [("error", "README.md")]) == (
        release.card,
        [(finding.severity, finding.file) for finding in release.findings],
    )


def test_what_must_not_leave_is_not_among_the_files(tmp_path: Path) -> None:
    """Whatever is allowed later, a file that is refused cannot be sent."""
    tree = make_build(tmp_path / "build" / CPU, {".env": "A=1", "id_rsa": "x", ".git/config": "x"})
    release = find_release(tmp_path)
    names = (".env", ".git", "id_rsa")
    assert [f"build/{CPU}/{name}" for name in names] == [
        finding.file for finding in release.findings if finding.severity == "error"
    ]
    assert {str(tree / name) for name in ("__init__.py", "demo_kernel/__init__.py", "metadata.json")} == {
        str(file.source) for file in release.files
    }


def test_the_template_of_new_projects_is_filled(tmp_path: Path) -> None:
    """The card of a project that was just made is one that can be published."""
    project = _project(tmp_path)
    make_build(project / "build" / CPU)
    _write(project / "CARD.md", (ROOT / "templates" / "card" / "CARD.md").read_text("utf-8"))
    release = find_release(project, CONFIG)
    assert release.card is not None
    assert json.dumps("unknown") in release.card.source.read_text("utf-8")
