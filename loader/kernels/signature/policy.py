"""Whose signatures count: publishers, named by the GitHub workflow that signs for them.

A policy file is a JSON list of objects. `issuer` and `repository` are required; without `workflow` or `ref`, any
workflow of the repository, or any branch, tag and pull request of it, may sign::

    [
      {
        "issuer": "https://token.actions.githubusercontent.com",
        "repository": "my-org/my-kernels",
        "workflow": "release.yaml",
        "ref": "refs/heads/main"
      }
    ]
"""

import json
import os
import re
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from kernels._fields import OBJECTS, Fields, Form, show
from kernels.errors import PublisherPolicyError
from kernels.signature.signer import VerifiedSignature

__all__ = ["Publisher", "PublisherPolicy"]


def _form(words: str, pattern: str) -> Form:
    matches = re.compile(pattern).fullmatch
    return Form(words, lambda value: isinstance(value, str) and matches(value) is not None)


_ISSUER = _form("the https URL of an identity provider", r"https://\S+")
_REPOSITORY = _form("a GitHub repository as owner/name", r"[\w.-]+/[\w.-]+")
_WORKFLOW = _form("the name of a file in .github/workflows, such as build.yaml", r"[^/@\s]+\.ya?ml")
_REF = _form("a full ref, such as refs/heads/main", r"refs/\S+")


@dataclass(frozen=True, slots=True)
class Publisher:
    """A GitHub workflow that may sign kernels.

    Attributes:
        issuer: the URL of the identity provider that vouches for it, exactly as in the certificate.
        repository: the GitHub repository that it runs for, as `owner/name`.
        workflow: the name of its file in `.github/workflows`; `None`: any.
        ref: the full ref of that file, such as `refs/heads/main`; `None`: any, pull requests included.
    """

    issuer: str
    repository: str
    workflow: str | None = None
    ref: str | None = None

    def allows(self, signature: VerifiedSignature) -> bool:
        """Whether a signature is this publisher's."""
        return (
            (self.issuer, self.repository) == (signature.issuer, signature.repository)
            and self.workflow in (None, signature.workflow)
            and self.ref in (None, signature.ref)
        )

    def __str__(self) -> str:
        return f"{self.repository}/.github/workflows/{self.workflow or '*'}@{self.ref or '*'} ({self.issuer})"


@dataclass(frozen=True, slots=True)
class PublisherPolicy:
    """The publishers whose signatures count.

    Attributes:
        publishers: each of them; a policy without any trusts nobody.
    """

    publishers: tuple[Publisher, ...]

    def allows(self, signature: VerifiedSignature) -> bool:
        """Whether a signature is that of one of the publishers."""
        return any(publisher.allows(signature) for publisher in self.publishers)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "PublisherPolicy":
        """Read a policy file.

        Raises:
            PublisherPolicyError: when it cannot be read, or with every problem of it, each with the key it is about.
        """
        try:
            publishers = _parse(Path(path).read_bytes())
        except OSError as error:
            message = f"the publisher policy {path} cannot be read: {error.strerror or error}"
            raise PublisherPolicyError(message) from None
        except ValueError as error:
            message = f"the publisher policy {path} cannot be used: {error}"
            raise PublisherPolicyError(message) from None
        return cls(publishers)

    @classmethod
    @cache
    def default(cls) -> "PublisherPolicy":
        """The workflows that build and sign the kernels of kernels-community, from `publishers.json`."""
        return cls.read(Path(__file__).with_name("publishers.json"))


def _parse(document: bytes) -> tuple[Publisher, ...]:
    try:
        data = json.loads(document)
    except RecursionError:
        message = "it is too deeply nested"
        raise ValueError(message) from None
    if not OBJECTS.fits(data) or not data:
        message = f"it is {show(data)}, expected a list of one or more publishers, each an object"
        raise ValueError(message)
    problems: list[str] = []
    publishers = [_read_publisher(Fields(entry, problems, f"[{index}].")) for index, entry in enumerate(data)]
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(publishers)


def _read_publisher(entry: Fields) -> Publisher:
    known = [field.name for field in fields(Publisher)]
    # An unknown key is an error, unlike in metadata: a misspelt `ref` would let every branch sign.
    entry.problems.extend(
        f"`{entry.prefix}{key}` is no key of a publisher{_hint(key, known)}"
        for key in sorted(entry.data.keys() - known)
    )
    return Publisher(
        issuer=entry.required("issuer", _ISSUER),
        repository=entry.required("repository", _REPOSITORY),
        workflow=entry.optional("workflow", _WORKFLOW),
        ref=entry.optional("ref", _REF),
    )


def _hint(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f", did you mean `{close[0]}`?" if close else f" (the keys are {', '.join(known)})"
