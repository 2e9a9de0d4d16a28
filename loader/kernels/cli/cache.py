"""`kernels cache`: what this machine has of kernels, whether it is whole, and removing it."""

import argparse
from typing import TYPE_CHECKING, Any

from kernels.cli.output import Column, confirm, human_size, print_table, say, show, show_json
from kernels.errors import IntegrityError

if TYPE_CHECKING:
    from kernels.hub.inventory import CachedCommit

__all__ = ["add_parser", "run_list", "run_prune", "run_verify"]

_EPILOG = """\
The cache is the folder that KERNELS_CACHE names, or else that of the Hub client.

examples:
  kernels cache list
  kernels cache verify
  kernels cache prune my-org/my-kernel
  kernels cache prune --dry-run"""

_STATES = """\
state of a build:
  verified    it is what the Hub has
  changed     it was, and has been touched since; see `kernels cache verify`
  unverified  another program fetched it; loading it verifies it
  incomplete  only a part was fetched, such as its metadata; loading it fetches
              the rest"""

_PRUNE = """\
Remove what the cache has of a repository; or, without one, the commits that no
branch or tag had when it was last seen. Kernels that were loaded by a commit or
a lock file are among those. What is removed is downloaded again when needed."""

_COLUMNS = (
    Column("Repository"),
    Column("Revisions"),
    Column("Commit"),
    Column("Build"),
    Column("Size", "right"),
    Column("State"),
)
_SHORT = 12


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    text = "list, verify or remove the kernels on this machine"
    parser = subparsers.add_parser("cache", help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=_EPILOG)
    actions = parser.add_subparsers(prog="kernels cache", metavar="ACTION", required=True)

    listing = actions.add_parser(
        "list", help="list the kernels in the cache", description="List the kernels in the cache.", epilog=_STATES
    )
    listing.add_argument("--json", action="store_true", help="print a JSON document")
    listing.set_defaults(run=run_list)

    verifying = actions.add_parser(
        "verify",
        help="read the kernels in the cache, and find those that are damaged",
        description="Compare every build in the cache with what the Hub listed, or with its own digest.",
        epilog="No request is made. The exit status is 1 when a build is damaged.",
    )
    verifying.add_argument("kernel", metavar="REPO", nargs="?", help="one repository only")
    verifying.add_argument("--json", action="store_true", help="print a JSON document")
    verifying.set_defaults(run=run_verify)

    pruning = actions.add_parser("prune", help="remove kernels from the cache", description=_PRUNE)
    pruning.add_argument("kernel", metavar="REPO", nargs="?", help="the repository to remove")
    how = pruning.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="do not ask")
    how.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    pruning.set_defaults(run=run_prune)


def run_list(arguments: argparse.Namespace) -> int:
    """Run `kernels cache list`."""
    from kernels.hub.cache import cache_folder
    from kernels.hub.inventory import cached_commits, disk_size

    commits = [commit for commit in cached_commits() if commit.files]
    total = disk_size(commits)
    if arguments.json:
        show_json({"folder": str(cache_folder()), "size": total, "commits": list(map(_document, commits))})
        return 0
    if commits:
        print_table(_COLUMNS, [row for commit in commits for row in _rows(commit)])
    say(f"{human_size(total)} in {cache_folder()}")
    return 0


def run_verify(arguments: argparse.Namespace) -> int:
    """Run `kernels cache verify`."""
    from kernels.hub.inventory import cached_commits

    commits = cached_commits(arguments.kernel and _checked(arguments.kernel))
    verdicts = [_verify(commit, build.variant) for commit in commits for build in commit.builds]
    if arguments.json:
        show_json({"builds": verdicts})
    else:
        show(*(_describe(verdict) for verdict in verdicts))
    damaged = sum(verdict["state"] == "damaged" for verdict in verdicts)
    say(f"{damaged} of {len(verdicts)} builds are damaged")
    return 1 if damaged else 0


def run_prune(arguments: argparse.Namespace) -> int:
    """Run `kernels cache prune`."""
    from kernels.hub.inventory import disk_size, is_cached, remove_commits, remove_repository

    repo_id = arguments.kernel and _checked(arguments.kernel)
    doomed, kept = _divide(repo_id)
    if not (is_cached(repo_id) if repo_id else doomed):
        say("there is nothing to remove")
        return 0
    size = human_size(disk_size(doomed + kept) - disk_size(kept))  # repositories may share files
    for commit in doomed:
        builds = ", ".join(build.variant for build in commit.builds) or "no builds"
        show(f"{commit.repo_id} at {commit.commit[:_SHORT]}: {builds}")
    if arguments.dry_run:
        say(f"{size} would be freed")
        return 0
    nobody = "nobody can be asked whether to remove this: add --yes, or --dry-run to look only"
    if not arguments.yes and not confirm(f"Remove this and free {size}?", otherwise=nobody):
        say("nothing was removed")
        return 1
    if repo_id:
        remove_repository(repo_id)
    else:
        for owner in dict.fromkeys(commit.repo_id for commit in doomed):
            remove_commits(owner, [commit.commit for commit in doomed if commit.repo_id == owner])
    say(f"{size} freed")
    return 0


def _divide(repo_id: str | None) -> "tuple[list[CachedCommit], list[CachedCommit]]":
    """The commits to remove (those of a repository, or those without a name), and the others."""
    from kernels.hub.inventory import cached_commits

    commits = cached_commits()
    doomed = [one for one in commits if (one.repo_id == repo_id if repo_id else not one.revisions)]
    return doomed, [one for one in commits if one not in doomed]


def _checked(repo_id: str) -> str:
    """The name of a repository, which becomes that of a folder.

    Raises:
        RequestError: when it is none.
    """
    from kernels.request import Request

    return Request.check(repo_id, "main").repo_id


def _verify(commit: "CachedCommit", variant: str) -> dict[str, Any]:
    from kernels.hub.inventory import verify_build

    try:
        state, problem = verify_build(commit.repo_id, commit.commit, variant), None
    except IntegrityError as error:
        state, problem = "damaged", str(error)
    return {
        "repo_id": commit.repo_id,
        "commit": commit.commit,
        "variant": variant,
        "state": state,
        "problem": problem,
    }


def _describe(verdict: dict[str, Any]) -> str:
    build = f"{verdict['repo_id']} at {verdict['commit'][:_SHORT]}: {verdict['variant']}"
    return {
        "good": f"✅ {build}",
        "damaged": f"❌ {build}: {verdict['problem']}; to download it again: kernels cache prune {verdict['repo_id']}",
        "incomplete": f"   {build}: only a part was fetched, and that is good",
        "unknown": f"   {build}: nothing says what it must be",
    }[verdict["state"]]


def _rows(commit: "CachedCommit") -> list[list[str]]:
    start = [commit.repo_id, ", ".join(commit.revisions) or "-", commit.commit[:_SHORT]]
    if not commit.builds:
        return [[*start, "-", human_size(sum(commit.files.values())), "-"]]
    return [[*start, build.variant, human_size(build.size), build.state] for build in commit.builds]


def _document(commit: "CachedCommit") -> dict[str, Any]:
    return {
        "repo_id": commit.repo_id,
        "revisions": list(commit.revisions),
        "commit": commit.commit,
        "size": sum(commit.files.values()),
        "builds": [{"variant": build.variant, "size": build.size, "state": build.state} for build in commit.builds],
    }
