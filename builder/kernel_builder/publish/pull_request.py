"""Whether a pull request can be reviewed: it must carry sources only.

Who merges a build merges a program that nobody has read. The trees of two commits are compared, as git has them; no
file of the working tree matters, and nothing of the pull request runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from kernel_builder.checks.findings import Finding
from kernel_builder.config.sources import written_files
from kernel_builder.errors import BuilderError, ProcessError
from kernel_builder.process import run, run_bytes
from kernel_builder.provenance import GIT, OUTSIDE_HOOKS
from kernel_builder.publish.unreviewable import LARGEST, ChangedFile, judge, judge_contents, refusal

__all__ = ["PullRequest", "check_pull_request"]

#: What a pull request is usually made against, where nothing says so.
_BASES = ("origin/main", "main")
_BATCH = 200
_SUBMODULE = "160000"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """What a pull request changes, and what is wrong with that.

    Attributes:
        base: the commit that it starts from.
        head: its last commit.
        files: how many files it adds or changes.
        findings: an error for each file that is refused, and notes, by path.
    """

    base: str
    head: str
    files: int
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        """Whether it can be reviewed."""
        return all(finding.severity != "error" for finding in self.findings)


def check_pull_request(folder: Path, *, base: str | None = None, head: str = "HEAD") -> PullRequest:
    """Look at every file that a pull request adds or changes; what it removes is always good.

    Args:
        folder: any folder of the repository.
        base: what it is to be merged into; by default the branch `main` of `origin`, or else that of the repository.
        head: its last commit.

    Raises:
        BuilderError: when there is no repository or no such commit, or the two have no commit in common.
        ToolchainError: when git is not installed.
    """
    top = _top(folder)
    last = _commit(top, head)
    start = _merge_base(top, _commit(top, base) if base else _default_base(top), last)
    files = _changed(top, start, last)
    projects = _projects(top, start) | _projects(top, last)
    written = {f"{project}/{name}".removeprefix("./") for project in projects for name in written_files(top / project)}
    found: dict[str, Finding] = {}
    for file in files:
        if finding := judge(file, projects, written):
            found[file.path] = finding
        elif file.mode == _SUBMODULE:
            found[file.path] = _submodule(file)
    left = [file for file in files if file.path not in found and file.has_contents]
    found |= {
        file.path: finding for file, contents in _contents(top, left) if (finding := _look(file, contents, projects))
    }
    return PullRequest(base=start, head=last, files=len(files), findings=tuple(found[path] for path in sorted(found)))


def _submodule(file: ChangedFile) -> Finding:
    message = f"is a submodule, whose commit {file.blob} is not looked into; review it in its own repository"
    return Finding(check="pull-request", code="submodule", message=message, file=file.path, severity="note")


def _look(file: ChangedFile, contents: bytes | None, projects: frozenset[str]) -> Finding | None:
    if contents is not None:
        return judge_contents(file, contents, projects)
    message = f"is larger than {LARGEST >> 20} MiB, which nobody reviews"
    return refusal(file, "large", message, "Keep it elsewhere, and let a script fetch it and check its hash.")


def _top(folder: Path) -> Path:
    try:
        return Path(_git(folder, "rev-parse", "--show-toplevel"))
    except ProcessError as error:
        message = f"{folder} is not in a git repository that can be read: {error.output.strip()}"
        hint = "Run the command in a checkout of the repository that the pull request is for."
        raise BuilderError(message, hint=hint) from None


def _commit(top: Path, name: str) -> str:
    found = _find_commit(top, name)
    if found is None:
        message = f"the repository has no commit {name!r}"
        hint = "Fetch it first, for example with `git fetch origin`; in a workflow, check out with fetch-depth: 0."
        raise BuilderError(message, hint=hint)
    return found


def _find_commit(top: Path, name: str) -> str | None:
    try:
        return _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except ProcessError:
        return None


def _default_base(top: Path) -> str:
    for name in _BASES:
        if found := _find_commit(top, name):
            return found
    message = f"nothing says what the pull request is made against: the repository has neither {' nor '.join(_BASES)}"
    raise BuilderError(message, hint="Name it with --base, for example --base origin/master.")


def _merge_base(top: Path, base: str, head: str) -> str:
    try:
        return _git(top, "merge-base", base, head).split("\n")[0]
    except ProcessError:
        message = f"the commits {base} and {head} have no commit in common"
        hint = (
            "The checkout is probably shallow: `git fetch --unshallow`; in a workflow, check out with fetch-depth: 0."
        )
        raise BuilderError(message, hint=hint) from None


def _changed(top: Path, base: str, head: str) -> list[ChangedFile]:
    """What a commit adds to another or changes of it, as `git diff-tree --raw -z` has it."""
    options = ("-r", "-z", "--raw", "--no-renames", "--no-relative", "--full-index", "--ignore-submodules=none")
    parts = _git_bytes(top, "diff-tree", *options, "--diff-filter=d", base, head).split(b"\0")[:-1]
    # `:<old mode> <mode> <old id> <id> <status>`, then the path
    rows = [(facts.decode().split(" "), path) for facts, path in zip(parts[::2], parts[1::2], strict=True)]
    return [ChangedFile(path=_name(path), mode=facts[1], blob=facts[3]) for facts, path in rows]


def _projects(top: Path, commit: str) -> frozenset[str]:
    """The folders of a commit that have a build.toml; `.` is the top."""
    names = _git_bytes(top, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).split(b"\0")
    paths = (PurePosixPath(_name(name)) for name in names)
    return frozenset(path.parent.as_posix() for path in paths if path.name == "build.toml")


def _contents(top: Path, files: list[ChangedFile]) -> Iterator[tuple[ChangedFile, bytes | None]]:
    """The contents of each file; `None` for one that is too large."""
    sizes = _git_bytes(top, "cat-file", "--batch-check=%(objectsize)", given=_ids(files)).split()
    sized = list(zip(files, map(int, sizes), strict=True))
    yield from ((file, None) for file, size in sized if size > LARGEST)
    rest = (file for file, size in sized if size <= LARGEST)
    while batch := list(islice(rest, _BATCH)):
        output = _git_bytes(top, "cat-file", "--batch=%(objectsize)", given=_ids(batch))
        start = 0
        for file in batch:
            end = output.index(b"\n", start)
            size = int(output[start:end])
            yield file, output[end + 1 : end + 1 + size]
            start = end + size + 2  # the contents end with a newline of their own


def _ids(files: list[ChangedFile]) -> bytes:
    return "".join(f"{file.blob}\n" for file in files).encode()


def _name(path: bytes) -> str:
    """The name of a file as text; what is no UTF-8 comes back as it was when it is encoded again."""
    return path.decode("utf-8", "surrogateescape")


def _git(folder: Path, *arguments: str) -> str:
    return run([*GIT, *arguments], cwd=folder, env=OUTSIDE_HOOKS)


def _git_bytes(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    return run_bytes([*GIT, *arguments], given, cwd=folder, env=OUTSIDE_HOOKS)
