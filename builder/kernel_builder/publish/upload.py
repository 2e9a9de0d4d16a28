"""Uploading: what is planned becomes one commit on each branch, or one pull request to each, and never two.

A branch is looked at, planned for, and written with a commit whose parent is the one that was looked at. When others
were faster, or the answer got lost on its way, the branch is looked at again: what it lacks then is committed, and
when it lacks nothing, the upload is done. So it is too when it was interrupted and is run again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kernel_builder.errors import PublishError
from kernel_builder.publish.failures import ATTEMPTS, wait
from kernel_builder.publish.hub import MAIN, CommitAnswer, Hub, Refs
from kernel_builder.publish.model import (
    BranchPlan,
    Change,
    PlannedFile,
    Release,
    RemoteFile,
    Report,
    UploadProgress,
)
from kernel_builder.publish.plan import plan_builds, plan_card

__all__ = ["Approve", "BranchState", "PullRequest", "UploadOptions", "Uploaded", "upload"]

#: How many pull requests are compared with what is to be uploaded; the newest ones.
_PULL_REQUESTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions:
    """What is asked for.

    Attributes:
        branch: where the builds go.
        private: make a new repository private.
        create_pr: open pull requests and leave the branches as they are.
        dry_run: plan only; nothing is written.
        remove_missing: remove variants that the branch has and the release lacks.
    """

    branch: str
    private: bool = False
    create_pr: bool = False
    dry_run: bool = False
    remove_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchState:
    """A branch as it was looked at, and what is to become of it.

    Attributes:
        plan: what is to become of it.
        remote: its files; for a branch that is to be made, those that it starts with.
    """

    plan: BranchPlan
    remote: tuple[RemoteFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request that makes a branch what it is to be.

    Attributes:
        branch: the branch that it is for.
        url: where a person looks at it.
    """

    branch: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What an upload has done.

    Attributes:
        status: `"uploaded"`, `"pull_request_created"`, `"no_changes"`, or `"planned"` after a dry run.
        repo_id: the repository.
        branch: where the builds went.
        url: where a person looks at that branch.
        pull_requests: those that were opened, and those that were there and propose the very same.
        plans: for each branch, what was found to be done at first.
    """

    status: str
    repo_id: str
    branch: str
    url: str
    pull_requests: tuple[PullRequest, ...]
    plans: tuple[BranchPlan, ...]


#: Is shown the branches before anything is written, and raises `PublishError` to stop it.
Approve = Callable[[Sequence[BranchState]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A branch that is to be written, and how its plan is made of its name, head, start and files."""

    branch: str
    message: str
    plan: Callable[[str, str | None, str | None, Sequence[RemoteFile]], BranchPlan]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """What is written where, and how."""

    hub: Hub
    target: _Target
    options: UploadOptions
    report: Report

    def pull_request(self, url: str | None) -> PullRequest | None:
        """The pull request to the branch that has this address."""
        return None if url is None else PullRequest(branch=self.target.branch, url=url)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """Whether a branch was written, and the pull request for it."""

    is_new: bool
    pull_request: PullRequest | None = None


def upload(release: Release, hub: Hub, options: UploadOptions, *, report: Report, approve: Approve) -> Uploaded:
    """Publish a release: its builds on the version branch first, then its card on the main branch.

    Args:
        release: what is to be published.
        hub: where to.
        options: what is asked for.
        report: is told how far it is.
        approve: is shown what will be done, before it is.

    Raises:
        PublishError: when it is not approved, the Hub refuses or cannot be reached, or others write to the branch
            all the time. Each branch is then what it was, or what it is to be.
    """
    refs = hub.refs()
    if refs is None and options.create_pr:
        message = (
            f"there is no {hub.repo_type} repository {hub.repo_id} that you can see, for a pull request to be made to"
        )
        raise PublishError(message, hint="Check --repo-id and --repo-type; without --create-pr the repository is made.")
    if refs is not None and options.private and hub.is_public():
        message = f"{hub.repo_id} is there already and everybody sees it; --private is for a repository that is made"
        raise PublishError(
            message, hint=f"Make it private on its settings page, {hub.address}/settings; or leave out --private."
        )
    targets = _targets(release, options)
    states = [_look(hub, refs, target, report) for target in targets]
    approve(states)
    plans = tuple(state.plan for state in states)
    is_done = all(plan.is_done for plan in plans)
    written: list[_Written] = []
    if not options.dry_run and not is_done:
        if refs is None:
            hub.create(private=options.private)
            refs = hub.refs()
            states = [_look(hub, refs, target, report) for target in targets]
        written = [
            _write(_Writing(hub=hub, target=target, options=options, report=report), refs, state)
            for target, state in zip(targets, states, strict=True)
        ]
    return Uploaded(
        status=_status(options, is_done=is_done, written=written),
        repo_id=hub.repo_id,
        branch=options.branch,
        url=hub.branch_address(options.branch),
        pull_requests=tuple(one.pull_request for one in written if one.pull_request is not None),
        plans=plans,
    )


def _targets(release: Release, options: UploadOptions) -> list[_Target]:
    builds = _Target(
        branch=options.branch,
        message=f"Upload builds of version {release.version}",
        plan=lambda *branch: plan_builds(release, *branch, remove_missing=options.remove_missing),
    )
    card = _Target(branch=MAIN, message="Upload card", plan=lambda *branch: plan_card(release, *branch))
    return [builds] if release.card is None else [builds, card]


def _status(options: UploadOptions, *, is_done: bool, written: Sequence[_Written]) -> str:
    if options.dry_run and not is_done:
        return "planned"
    if not any(one.is_new for one in written):
        return "no_changes"
    return "pull_request_created" if options.create_pr else "uploaded"


def _look(hub: Hub, refs: Refs | None, target: _Target, report: Report) -> BranchState:
    """Look at a branch and plan for it.

    A branch that is where the main branch is counts as a new one: whoever made it was interrupted before the commit.
    Its plan has a head, so that whoever approves it sees that variants go from a branch that is there.
    """
    report(UploadProgress(branch=target.branch, step="compare"))
    branches = refs.branches if refs is not None else {}
    head, start = branches.get(target.branch), branches.get(MAIN)
    is_new = head is None or (head == start and target.branch != MAIN)
    commit = head or start
    remote = hub.files(commit) if commit is not None else ()
    if not is_new:
        return BranchState(plan=target.plan(target.branch, head, None, remote), remote=remote)
    plan = target.plan(target.branch, None, start, remote)
    return BranchState(plan=plan if head is None else replace(plan, head=head, start=None), remote=remote)


def _write(writing: _Writing, refs: Refs | None, state: BranchState) -> _Written:
    """Make a branch what it is to be, or open a pull request that does.

    Args:
        writing: what is written where.
        refs: where branches and pull requests are.
        state: the branch as it was looked at; the commit is refused if that is no longer so.
    """
    refusal: PublishError | None = None
    is_unclear = False
    for attempt in range(1, ATTEMPTS + 1):
        if done := _find_done(writing, refs, state, is_new=is_unclear):
            return done
        answer = _commit(writing, state.plan, attempt)
        if answer.refusal is None:
            return _Written(is_new=True, pull_request=writing.pull_request(answer.pull_request))
        if answer.again is None:
            raise answer.refusal
        refusal, is_unclear = answer.refusal, is_unclear or not answer.is_moved
        writing.report(UploadProgress(branch=state.plan.branch, step="wait"))
        wait(answer.again)
        refs = writing.hub.refs()
        state = _look(writing.hub, refs, writing.target, writing.report)
    if done := _find_done(writing, refs, state, is_new=is_unclear):
        return done
    assert refusal is not None  # noqa: S101 - there was an attempt
    raise refusal


def _commit(writing: _Writing, plan: BranchPlan, attempt: int) -> CommitAnswer:
    hub, create_pr = writing.hub, writing.options.create_pr
    contents = hub.send(plan, create_pr=create_pr, report=writing.report)
    if plan.head is None:
        # As late as can be: until the commit, it is a branch without builds of its own.
        hub.create_branch(plan.branch, plan.start, for_pull_request=create_pr)
    writing.report(UploadProgress(branch=plan.branch, step="commit"))
    answer = hub.commit(plan, contents, message=writing.target.message, create_pr=create_pr, attempt=attempt)
    if answer.refusal is None:
        writing.report(UploadProgress(branch=plan.branch, step="done"))
    return answer


def _find_done(writing: _Writing, refs: Refs | None, state: BranchState, *, is_new: bool) -> _Written | None:
    """What there is if the branch, or a pull request to it, is already what is wanted."""
    if state.plan.is_done:
        return _Written(is_new=is_new)
    if not writing.options.create_pr or refs is None:
        return None
    base = state.plan.head or state.plan.start
    for number, commit in sorted(refs.pull_requests.items(), reverse=True)[:_PULL_REQUESTS]:
        if writing.hub.parent(commit) == base and _is_wanted(writing.hub.files(commit), state):
            address = writing.hub.pull_request_address(number)
            return _Written(is_new=is_new, pull_request=writing.pull_request(address))
    return None


def _is_there(planned: PlannedFile, remote: RemoteFile) -> bool:
    return planned.local is not None and remote.has(planned.local)


def _is_wanted(files: Sequence[RemoteFile], state: BranchState) -> bool:
    """Whether these files are those of the branch after the commit."""
    planned = {file.path: file for file in state.plan.files}
    wanted = {path for path, file in planned.items() if file.change is not Change.STALE}
    untouched = {file.path: file.blob_id for file in state.remote if file.path not in planned}
    if {file.path for file in files} != wanted | set(untouched):
        return False
    return all(
        untouched[file.path] == file.blob_id if file.path in untouched else _is_there(planned[file.path], file)
        for file in files
    )
