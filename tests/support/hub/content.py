"""What a Hub holds, as a test puts it there."""

from collections.abc import Collection, Mapping
from pathlib import Path

from support.hub.store import Blob, Repository, Store
from support.hub.xet import XetStore

__all__ = ["HubContent"]

_NATIVE = (".so",)


class HubContent:
    """Accounts, repositories and commits; safe to change while clients read.

    Attributes:
        store: All of it.
        token: Of the user `tester`, who may write below every organization.
    """

    def __init__(self, xet: Path | None = None) -> None:
        """Begin with nothing but the user `tester`.

        Args:
            xet: An absolute path of a folder from which LFS files come by Xet too; needs the package `hf_xet`.
        """
        self.store = Store(xet=XetStore(xet) if xet else None)
        self.token = self.user("tester")

    def user(self, name: str, *, trusted: bool = False) -> str:
        """Make a user account, which has no organization overview, and give its token."""
        with self.store.lock:
            account = self.store.account(name)
            account.kind, account.trusted = "user", trusted
            return account.token

    def trust(self, name: str, *, trusted: bool = True) -> None:
        """Make an organization (or an account that is there) a trusted publisher of kernels, or no longer."""
        with self.store.lock:
            self.store.account(name).trusted = trusted

    def forbid_kernels(self, name: str) -> None:
        """Let an organization or user have no right to publish kernels."""
        with self.store.lock:
            self.store.account(name).may_publish_kernels = False

    def create_repo(
        self,
        repo_id: str,
        type: str = "kernel",  # noqa: A002 - the word of the Hub
        *,
        private: bool = False,
        gated: bool = False,
    ) -> Repository:
        """Make a repository whose `main` has one commit with `.gitattributes`, as on the Hub."""
        with self.store.lock:
            return self.store.create(repo_id, type, private=private, gated=gated)

    def delete_repo(self, repo_id: str, type: str = "kernel") -> None:  # noqa: A002 - as above
        """Forget a repository."""
        with self.store.lock:
            del self.store.repositories[type, repo_id]

    def commit(
        self,
        repo_id: str,
        branch: str,
        files: Mapping[str, bytes | str],
        *,
        delete: Collection[str] = (),
        lfs: tuple[str, ...] = _NATIVE,
        title: str = "Change files",
        type: str = "kernel",  # noqa: A002 - as above
    ) -> str:
        """Put a commit on a branch and give its id; repository and branch are made if they are new.

        Args:
            repo_id: `owner/name`.
            branch: Name of the branch; a new one starts at the repository's first commit, with `.gitattributes` only.
            files: Content of files to add or replace, by path.
            delete: Paths of files, and of folders with a slash at the end; they go before the new files come.
            lfs: Ends of the names of files that are stored by LFS; `("",)` takes all files, `()` none.
            title: Message of the commit.
            type: Type of the repository.
        """
        with self.store.lock:
            repository = self.store.repositories.get((type, repo_id)) or self.store.create(repo_id, type)
            blobs = {path: self._blob(content, lfs=path.endswith(lfs)) for path, content in files.items()}
            return repository.commit(f"refs/heads/{branch}", blobs, delete=delete, title=title).id

    def _blob(self, content: bytes | str, *, lfs: bool) -> Blob:
        data = content.encode() if isinstance(content, str) else content
        return self.store.add_object(data) if lfs else Blob.of(data, lfs=False)

    def publish(self, folder: Path, repo_id: str, version: int = 1, *, lfs: tuple[str, ...] = _NATIVE) -> str:
        """Put the build trees of a project (its `build/`) on `main` and on the branch `v<version>`.

        Returns:
            The id of the commit on the version branch.
        """
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.glob("build/*/**/*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
        title = f"Upload build trees of version {version}"
        self.commit(repo_id, "main", files, delete=("build/",), lfs=lfs, title=title)
        return self.commit(repo_id, f"v{version}", files, delete=("build/",), lfs=lfs, title=title)

    def move_branch(self, repo_id: str, branch: str, commit: str, type: str = "kernel") -> None:  # noqa: A002
        """Point a branch, old or new, at a commit of the repository."""
        with self.store.lock:
            repository = self.store.repositories[type, repo_id]
            repository.refs[f"refs/heads/{branch}"] = repository.commits[commit].id

    def delete_branch(self, repo_id: str, branch: str, type: str = "kernel") -> None:  # noqa: A002
        """Remove a branch; its commits stay."""
        with self.store.lock:
            del self.store.repositories[type, repo_id].refs[f"refs/heads/{branch}"]
