"""What a caller asks for, checked before anybody is asked anything."""

import re
from dataclasses import dataclass

from kernels.errors import RequestError

__all__ = ["COMMIT", "VERSION_BRANCH", "Request"]

#: A commit in full, or any other hash that the Hub names contents by.
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
#: The branch of a version.
VERSION_BRANCH = re.compile(r"v(0|[1-9][0-9]{0,8})", re.ASCII)
#: The names that the Hub allows: without `..` and `--`, the second of which stands for the slash in the cache.
_REPO_ID = re.compile(r"(?!.*(?:\.\.|--))[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
#: What git allows in the name of a branch or a tag, roughly (git-check-ref-format), and nothing that leaves a folder.
_REVISION = re.compile(
    r"(?!.*(?:\.\.|//|/\.|\.lock/|@\{))[^\x00-\x20\x7f~^:?*\[\\/.-][^\x00-\x20\x7f~^:?*\[\\]*(?<![/.])"
)
_VERSION_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asks for, checked.

    Attributes:
        repo_id: the repository, `owner/name`.
        revision: the branch, tag or commit: that of the version, where a version was asked for.
        version: the version; `None` where a revision was asked for.
    """

    repo_id: str
    revision: str
    version: int | None = None

    @classmethod
    def check(cls, repo_id: object, revision: object = None, version: object = None) -> "Request":
        """Check the arguments of a call, before anybody is asked anything.

        Raises:
            RequestError: when the repository is no `owner/name`, or not exactly one of revision and version is given.
        """
        if not isinstance(repo_id, str) or not _REPO_ID.fullmatch(repo_id):
            message = f"{repo_id!r} is not the name of a repository; it has the form owner/name"
            raise RequestError(message)
        if revision is not None and version is not None:
            message = "Only one of `revision` or `version` must be specified."
            raise RequestError(message)
        if version is not None:
            number = _version_number(version)
            return cls(repo_id, f"v{number}", number)
        if revision is None:
            message = (
                "A kernel version or revision must be specified. "
                f"See which there are with: kernels versions {repo_id}; then pass, for instance, version=1"
            )
            raise RequestError(message)
        if not isinstance(revision, str) or not _REVISION.fullmatch(revision):
            message = f"{revision!r} is not a revision; it is a branch, a tag or a commit"
            raise RequestError(message)
        return cls(repo_id, revision)

    @property
    def commit(self) -> str | None:
        """The commit, where one was asked for."""
        return self.revision if COMMIT.fullmatch(self.revision) else None


def _version_number(version: object) -> int:
    if isinstance(version, str) and version.isascii() and version.isdigit() and len(version) <= _VERSION_DIGITS:
        version = int(version)
    if isinstance(version, bool) or not isinstance(version, int) or not 0 <= version < 10**_VERSION_DIGITS:
        message = f"{version!r} is not a version; it is a whole number, the N of the branch vN"
        raise RequestError(message)
    return version
