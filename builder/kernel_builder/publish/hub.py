"""One repository of the Hub, as publishing needs it; the only module of this package that uses the Hub's client.

The client takes the token and the address of the Hub from where it always does. It is asked for one commit, with
everything in it and its parent: its own functions for folders make several, without one.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

from kernel_builder.errors import PublishError
from kernel_builder.publish.failures import Attempted, as_sentence, is_moved, patiently, seconds_to_wait, status_of
from kernel_builder.publish.model import BranchPlan, Change, LocalFile, RemoteFile, Report, UploadProgress

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

__all__ = ["MAIN", "CommitAnswer", "Contents", "Hub", "Refs"]

#: The branch that every repository has.
MAIN = "main"
#: Files above this many bytes, and those that are no text, are sent before the commit, one by one.
_SMALL = 1024**2
#: The client shows the Hub the first bytes of a file, and this many of them decide whether it is text.
_SAMPLE = 512
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """Where the branches and the pull requests of a repository are.

    Attributes:
        branches: name → commit.
        pull_requests: number → commit; those that are closed too.
    """

    branches: Mapping[str, str]
    pull_requests: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a commit is made of; what is large is on the Hub already, where no branch shows it."""

    additions: "tuple[CommitOperationAdd, ...]" = field(repr=False)
    deletions: "tuple[CommitOperationDelete, ...]" = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitAnswer:
    """What became of a commit.

    Attributes:
        pull_request: the address of the one that was made.
        refusal: why it was not made, or why that is not known; `None` when it was made.
        is_moved: whether it was not made because the branch is elsewhere by now.
        again: seconds after which to look at the branch again; `None` when the answer would be the same.
    """

    pull_request: str | None = None
    refusal: PublishError | None = None
    is_moved: bool = False
    again: float | None = None


class Hub:
    """A repository.

    Args:
        repo_id: its name, `owner/name`.
        repo_type: `"kernel"` or `"model"`.

    Every method raises `PublishError`, with a sentence and a next step, when the Hub refuses or cannot be reached;
    nothing that the Hub does not answer is taken for an empty answer.
    """

    def __init__(self, repo_id: str, *, repo_type: str = "kernel") -> None:
        from huggingface_hub import HfApi

        self.repo_id, self.repo_type = repo_id, repo_type
        self._api = HfApi(library_name="kernel-builder")
        parts = urlsplit(self._api.endpoint)
        #: The address of the Hub, without a name and password that it may have.
        self.endpoint = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")

    @property
    def address(self) -> str:
        """Where a person looks at the repository."""
        return f"{self.endpoint}/{'' if self.repo_type == 'model' else f'{self.repo_type}s/'}{self.repo_id}"

    def branch_address(self, branch: str) -> str:
        """Where a person looks at a branch."""
        return f"{self.address}/tree/{quote(branch, safe='')}"

    def pull_request_address(self, number: int) -> str:
        """Where a person looks at a pull request."""
        return f"{self.address}/discussions/{number}"

    # Reading

    def refs(self) -> Refs | None:
        """Where branches and pull requests are; `None` when there is no such repository."""
        attempted = self._attempted("list the branches of {}")
        try:
            refs = self._ask(
                attempted, lambda: self._api.list_repo_refs(include_pull_requests=True, **self._where), missing_ok=True
            )
        except _MissingError:
            return None
        numbers = {ref.ref.rpartition("/")[2]: ref.target_commit for ref in refs.pull_requests or []}
        return Refs(
            branches={ref.name: ref.target_commit for ref in refs.branches},
            pull_requests={int(number): commit for number, commit in numbers.items() if number.isdigit()},
        )

    def is_public(self) -> bool:
        """Whether the Hub says that everybody sees the repository, which is there."""
        info = self._ask(self._attempted("look at {}"), lambda: self._api.repo_info(**self._where))
        return info.private is False

    def files(self, commit: str) -> tuple[RemoteFile, ...]:
        """Every file of a commit."""
        from huggingface_hub.hf_api import RepoFile

        tree = self._ask(
            self._attempted("list the files of {}"),
            lambda: list(self._api.list_repo_tree(recursive=True, revision=commit, **self._where)),
            is_patient=False,
        )
        return tuple(
            RemoteFile(
                path=one.path,
                size=one.size,
                blob_id=one.blob_id,
                sha256=one.lfs.sha256 if one.lfs is not None else None,
            )
            for one in tree
            if isinstance(one, RepoFile)
        )

    def parent(self, commit: str) -> str | None:
        """The commit that a commit was made on; `None` for the first one."""
        history = self._ask(
            self._attempted("read the history of {}"),
            lambda: self._api.list_repo_commits(revision=commit, **self._where),
            is_patient=False,
        )
        return history[1].commit_id if len(history) > 1 else None

    # Writing

    def create(self, *, private: bool) -> None:
        """Make the repository, unless it is there."""
        self._ask(
            replace(self._attempted(f"create the {self.repo_type} repository {{}}"), is_creation=True),
            lambda: self._api.create_repo(private=private or None, exist_ok=True, **self._where),
        )

    def create_branch(self, branch: str, start: str | None, *, for_pull_request: bool) -> None:
        """Make a branch at a commit, unless it is there."""
        why = ", which a pull request to it needs" if for_pull_request else ""
        hint = f"Ask who owns {self.repo_id} to create the branch {branch} from main, and run the command again."
        self._ask(
            replace(
                self._attempted(f"create the branch {branch} of {{}}{why}"),
                forbidden_hint=hint if for_pull_request else "",
            ),
            lambda: self._api.create_branch(branch=branch, revision=start, exist_ok=True, **self._where),
        )

    def send(self, plan: BranchPlan, *, create_pr: bool, report: Report) -> Contents:
        """Send what is large of a plan to where no branch shows it; what the Hub has already is not sent again.

        Raises:
            PublishError: also when a file is no longer what the plan was made for.
        """
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        locals_ = [file.local for file in plan.of(Change.NEW, Change.CHANGED) if file.local is not None]
        large: list[LocalFile] = []
        small: list[LocalFile] = []
        for local in locals_:
            (large if _is_large(local) else small).append(local)
        additions = [CommitOperationAdd(local.path, _checked(local)) for local in small]
        if additions:
            self._send(additions, plan, create_pr, "the small files")
        sent, total = 0, sum(local.size for local in large)
        for local in large:
            report(UploadProgress(branch=plan.branch, step="send", sent=sent, total=total, file=local.path))
            addition = CommitOperationAdd(local.path, str(local.source))
            self._send([addition], plan, create_pr, local.path)
            if addition.upload_info.sha256.hex() != local.sha256:
                raise _changed(local)
            additions.append(addition)
            sent += local.size
        report(UploadProgress(branch=plan.branch, step="send", sent=sent, total=total))
        stale = plan.of(Change.STALE)
        return Contents(
            additions=tuple(additions),
            deletions=tuple(CommitOperationDelete(file.path, is_folder=False) for file in stale),
        )

    def _send(self, additions: "list[CommitOperationAdd]", plan: BranchPlan, create_pr: bool, what: str) -> None:
        """Let the client send files; it tries again by itself.

        One at a time: who is interrupted has then sent all files but one. What the repository ignores, by a
        `.gitignore`, is sent nevertheless: a build with a hole is none.
        """
        self._ask(
            self._attempted(f"send {what} to {{}}"),
            lambda: self._api.preupload_lfs_files(
                additions=additions,
                revision=plan.branch if plan.head is not None else MAIN,
                create_pr=create_pr,
                num_threads=1,
                gitignore_content="",
                **self._where,
            ),
            is_patient=False,
        )

    def commit(
        self, plan: BranchPlan, contents: Contents, *, message: str, create_pr: bool, attempt: int
    ) -> CommitAnswer:
        """Make one commit on the branch of a plan, or a pull request with it; asked for once, never again from here.

        Args:
            plan: what the commit is for; it is refused when the branch is no longer there.
            contents: what `send` gave.
            message: its first line.
            create_pr: make a pull request to the branch.
            attempt: how often it was asked for, 1 for the first time.
        """
        try:
            with _quietly():
                made = self._api.create_commit(
                    operations=[*contents.deletions, *contents.additions],
                    commit_message=message,
                    revision=plan.branch,
                    parent_commit=plan.head or plan.start,
                    create_pr=create_pr,
                    **self._where,
                )
        except Exception as error:
            refusal = as_sentence(error, self._attempted(f"commit to the branch {plan.branch} of {{}}"))
            if refusal is None:
                raise
            moved = is_moved(error)
            return CommitAnswer(
                refusal=refusal, is_moved=moved, again=0.0 if moved else seconds_to_wait(error, attempt)
            )
        return CommitAnswer(pull_request=made.pr_url)

    # Asking

    @property
    def _where(self) -> dict[str, Any]:
        return {"repo_id": self.repo_id, "repo_type": self.repo_type}

    def _attempted(self, what: str) -> Attempted:
        """What is asked, with the repository in the place of `{}`."""
        words = what.replace("{}", self.repo_id)
        return Attempted(what=words, repo_id=self.repo_id, repo_type=self.repo_type, endpoint=self.endpoint)

    def _ask(
        self,
        attempted: Attempted,
        call: Callable[[], _Answer],
        *,
        is_patient: bool = True,
        missing_ok: bool = False,
    ) -> _Answer:
        """The answer of the client.

        Args:
            attempted: what is asked, for the sentence.
            call: asks.
            is_patient: ask again where it may help; not for what the client repeats by itself.
            missing_ok: whether status 404 is to be told apart.
        """
        try:
            with _quietly():
                return patiently(call) if is_patient else call()
        except Exception as error:
            if missing_ok and status_of(error) == HTTPStatus.NOT_FOUND:
                raise _MissingError from None
            refusal = as_sentence(error, attempted)
            if refusal is None:
                raise
            # Not `from error`: its text has addresses, which can hold a password or a signature.
            raise refusal from None


class _MissingError(Exception):
    """The Hub answers that there is no such thing."""


@contextmanager
def _quietly() -> Iterator[None]:
    """Let the client neither draw nor log nor warn: its lines have addresses of files, which are signed."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    logger = logging.getLogger("huggingface_hub")
    level, were_disabled = logger.level, are_progress_bars_disabled()
    logger.setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        disable_progress_bars()
        try:
            yield
        finally:
            logger.setLevel(level)
            if not were_disabled:
                enable_progress_bars()


def _is_large(local: LocalFile) -> bool:
    if local.size > _SMALL:
        return True
    with local.source.open("rb") as file:
        return b"\0" in file.read(_SAMPLE)


def _checked(local: LocalFile) -> bytes:
    """The contents of a small file."""
    contents = local.source.read_bytes()
    if sha256(contents).hexdigest() != local.sha256:
        raise _changed(local)
    return contents


def _changed(local: LocalFile) -> PublishError:
    message = f"{local.source} changes while it is uploaded"
    return PublishError(message, hint="No branch was changed. Wait until the build is done, and run the command again.")
