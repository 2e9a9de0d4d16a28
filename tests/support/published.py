"""A kernel that was published and downloaded, and its cache, to be damaged."""

import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.builds import MODULE, make_build
from support.hub import HubServer

import kernels
from kernels.hub.cache import RepositoryCache
from kernels.lock import git_lfs_concat

__all__ = ["VARIANT", "PublishedKernel"]

VARIANT = "torch-universal"
_NUMBERS = itertools.count()
_MODULES = {
    "__init__.py": "from . import sub\nfrom .nested import deep\nvalue = sub.value + deep.value\n",
    "sub.py": "value = 1\n",
    "nested/__init__.py": "",
    "nested/deep.py": "value = 2\n",
    f"{MODULE}/__init__.py": "from .. import *\n",
}
_NATIVE = {"native.abi3.so": "native\n" * 100, "nested/lib.so": "library\n"}


class PublishedKernel:
    """A kernel on a Hub, every module of which leaves a mark when it runs; nothing of it has run yet.

    Attributes:
        repo_id: the repository, which no other test has.
        id: the name of the kernel's module.
        commit: the commit of its version 1.
        files: path within the build → contents.
        cache: the cache, into which the kernel was downloaded.
        tree: the build in it.
        lockfile: a `kernels.lock` for it, in the form with hashes.
    """

    def __init__(self, hub: HubServer, folder: Path, modules: dict[str, str] | None = None, **metadata: object) -> None:
        """Publish and download it.

        Args:
            hub: where to.
            folder: a place for its files.
            modules: path within the build → source; by default `value` of the kernel is 3.
            metadata: added to that of the build, which has a digest.
        """
        number = next(_NUMBERS)
        self.repo_id = f"org/kernel-{number}"
        self.id = f"_published_{number}"
        self._mark = folder / "ran"
        sources = {path: self.marking(source) for path, source in (modules or _MODULES).items()}
        build = make_build(folder / "project" / "build" / VARIANT, {**sources, **_NATIVE}, id=self.id, **metadata)
        self.files = {
            path.relative_to(build).as_posix(): path.read_bytes() for path in build.rglob("*") if path.is_file()
        }
        self.commit = hub.publish(folder / "project", self.repo_id)
        hub.trust("org")
        self.cache = RepositoryCache(self.repo_id)
        self.tree = kernels.install_kernel(self.repo_id, version=1)
        self._pristine = folder / "pristine"
        shutil.copytree(self.cache.root, self._pristine, symlinks=True)
        self.lockfile = folder / "kernels.lock"
        variants = {VARIANT: {"hash": git_lfs_concat(self._oids()), "hash_type": "git_lfs_concat"}}
        self.lockfile.write_text(json.dumps([{"repo_id": self.repo_id, "sha": self.commit, "variants": variants}]))

    @property
    def receipt(self) -> Path:
        """Where the receipt of the build is kept."""
        return self.cache.receipt(self.commit, VARIANT)

    def marking(self, source: str) -> str:
        """The source of a module that leaves a mark when it runs."""
        return f"with open({str(self._mark)!r}, 'a') as mark:\n    print(__name__, file=mark)\n{source}"

    def take_marks(self) -> list[str]:
        """The modules that have run since they were last asked for, sorted."""
        marks = self._mark.read_text("utf-8").split() if self._mark.exists() else []
        self._mark.unlink(missing_ok=True)
        return sorted(marks)

    def restore(self, state: str) -> None:
        """Make the cache good again.

        Args:
            state: what is noted of the build: its `receipt`, only the `list` of its files, or `nothing`.
        """
        shutil.rmtree(self.cache.root)
        shutil.copytree(self._pristine, self.cache.root, symlinks=True)
        if state == "receipt":  # the one that was copied is that of other inodes
            kernels.install_kernel(self.repo_id, revision=self.commit, local_files_only=True)
        else:
            self.receipt.unlink()
        if state == "nothing":
            shutil.rmtree(self.cache.folder / ".kernels")

    def run(self, hub: HubServer, script: str, *arguments: str, prefix: tuple[str, ...] = (), **more: str) -> str:
        """What a new Python process that has the cache and may ask the Hub prints.

        Args:
            hub: the Hub.
            script: the program.
            arguments: its arguments.
            prefix: what to start the process with.
            more: environment variables.
        """
        environment = {**os.environ, **hub.env(self.cache.root.parent), **more}
        command = [*prefix, sys.executable, "-c", script, *arguments]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert 0 == result.returncode, result.stderr
        return result.stdout

    def _oids(self) -> dict[str, str]:
        return {
            path: hashlib.sha256(contents).hexdigest()
            if path.endswith(".so")
            else hashlib.sha1(b"blob %d\0%b" % (len(contents), contents)).hexdigest()  # noqa: S324 - as git does
            for path, contents in self.files.items()
        }
