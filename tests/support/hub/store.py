"""What the Hub of the tests holds, in memory: accounts, repositories, commits, files and LFS objects."""

import hashlib
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import MappingProxyType

from support.hub.git import blob_oid, commit_oid, lfs_pointer, tree_oids
from support.hub.xet import XetStore

__all__ = ["Account", "Blob", "Commit", "Repository", "Store"]

_FIRST_DAY = datetime(2026, 1, 1, tzinfo=timezone.utc)
_ATTRIBUTES = b"*.so filter=lfs diff=lfs merge=lfs -text\n"


@dataclass(frozen=True, slots=True)
class Blob:
    """One version of one file.

    `oid` is what git stores (for an LFS file: the id of its pointer), `sha256` is of the content.
    """

    content: bytes = field(repr=False)
    oid: str
    sha256: str
    lfs: bool

    @classmethod
    def of(cls, content: bytes, *, lfs: bool) -> "Blob":
        """The blob of a content, with its ids computed."""
        sha256 = hashlib.sha256(content).hexdigest()
        return cls(content, blob_oid(lfs_pointer(sha256, len(content)) if lfs else content), sha256, lfs)

    @property
    def etag(self) -> str:
        """What the Hub calls the version of a file: its sha256 for LFS, else its git id."""
        return self.sha256 if self.lfs else self.oid


@dataclass(frozen=True, slots=True)
class Commit:
    """A tree of files that never changes, with a 40-hex id that follows from its tree, parent and message.

    `depth` is the number of ancestors; the date is that many minutes after a fixed day.
    """

    id: str
    parent: str | None
    title: str
    description: str
    depth: int
    files: Mapping[str, Blob] = field(repr=False)
    folders: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, files: Mapping[str, Blob], parent: "Commit | None", title: str, description: str = "") -> "Commit":
        """The commit of a whole tree on top of a parent."""
        depth = parent.depth + 1 if parent else 0
        folders = tree_oids({path: blob.oid for path, blob in files.items()})
        message = f"{title}\n\n{description}" if description else title
        oid = commit_oid(folders[""], parent.id if parent else None, message, _date(depth))
        frozen = MappingProxyType(dict(sorted(files.items())))
        return cls(oid, parent.id if parent else None, title, description, depth, frozen, MappingProxyType(folders))

    @property
    def date(self) -> str:
        """When it was made, as the Hub writes it."""
        return _date(self.depth).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _date(depth: int) -> datetime:
    return _FIRST_DAY + timedelta(minutes=depth)


@dataclass(slots=True)
class Repository:
    """Commits and the refs that point at them, by full name (`refs/heads/main`, `refs/tags/…`, `refs/pr/1`)."""

    id: str
    type: str
    private: bool = False
    gated: bool = False
    refs: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict, repr=False)
    root: Commit = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.root = Commit.of({".gitattributes": Blob.of(_ATTRIBUTES, lfs=False)}, None, "initial commit")
        self.commits[self.root.id] = self.root
        self.refs["refs/heads/main"] = self.root.id

    @property
    def owner(self) -> str:
        """The organization or user before the slash."""
        return self.id.partition("/")[0]

    def find_ref(self, revision: str) -> str | None:
        """The full name of a branch, tag or pull request."""
        names = (revision, f"refs/heads/{revision}", f"refs/tags/{revision}")
        return next((name for name in names if name in self.refs), None)

    def find(self, revision: str) -> Commit | None:
        """The commit of a branch, tag, pull request or full commit id."""
        ref = self.find_ref(revision)
        return self.commits.get(self.refs[ref] if ref else revision)

    def commit(
        self,
        ref: str,
        files: Mapping[str, Blob],
        *,
        delete: Collection[str] = (),
        title: str,
        description: str = "",
        parent: Commit | None = None,
    ) -> Commit:
        """Put a commit on a ref; a new ref starts at `parent`, by default at the repository's first commit.

        Args:
            ref: Full name of the ref.
            files: Added or replaced files, by path.
            delete: Paths of files, and of folders with a slash at the end; they go before files come.
            title: First line of the message.
            description: Rest of the message.
            parent: Where a new ref starts.
        """
        base = self.commits[self.refs[ref]] if ref in self.refs else parent or self.root
        folders = tuple(name for name in delete if name.endswith("/"))
        kept = {path: blob for path, blob in base.files.items() if path not in delete and not path.startswith(folders)}
        made = Commit.of({**kept, **files}, base, title, description)
        self.commits[made.id] = made
        self.refs[ref] = made.id
        return made

    def history(self, commit: Commit) -> Iterator[Commit]:
        """A commit and its ancestors, newest first."""
        current: Commit | None = commit
        while current:
            yield current
            current = self.commits[current.parent] if current.parent else None


@dataclass(slots=True)
class Account:
    """An organization (`kind` is `org`) or a user (`user`), who is known by a token."""

    name: str
    kind: str = "org"
    trusted: bool = False
    may_publish_kernels: bool = True

    @property
    def token(self) -> str:
        """What a user sends to be known; organizations have none that works."""
        return f"hf_{self.name}"


@dataclass(slots=True)
class Store:
    """Everything that the Hub holds; whoever reads or changes it holds `lock`."""

    endpoint: str = ""
    page_size: int = 1000
    xet: XetStore | None = None
    accounts: dict[str, Account] = field(default_factory=dict)
    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict, repr=False)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def account(self, name: str) -> Account:
        """The account of this name; a new one is an organization."""
        return self.accounts.setdefault(name, Account(name))

    def create(self, repo_id: str, repo_type: str, *, private: bool = False, gated: bool = False) -> Repository:
        """Make a repository and, if need be, the organization that owns it."""
        self.account(repo_id.partition("/")[0])
        made = self.repositories[repo_type, repo_id] = Repository(repo_id, repo_type, private, gated)
        return made

    def web_url(self, repository: Repository) -> str:
        """Where a person would look at a repository."""
        prefix = "" if repository.type == "model" else f"{repository.type}s/"
        return f"{self.endpoint}/{prefix}{repository.id}"

    def add_object(self, content: bytes) -> Blob:
        """Keep the content of an LFS file, in the Xet store too if there is one."""
        blob = Blob.of(content, lfs=True)
        self.objects[blob.sha256] = content
        if self.xet is not None:
            self.xet.add(content, blob.sha256)
        return blob

    def object(self, sha256: str, size: int) -> bytes | None:
        """The content of an LFS file that came by LFS or by Xet."""
        if sha256 not in self.objects and self.xet is not None:
            content = self.xet.read(sha256, size)
            if content is not None:
                self.objects[sha256] = content
        return self.objects.get(sha256)

    def xet_hash(self, blob: Blob) -> str | None:
        """What Xet calls a file, where it serves it."""
        return self.xet.hash_of(blob.sha256) if self.xet is not None and blob.lfs else None
