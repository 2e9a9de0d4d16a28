"""Whether a library keeps to the limited API of Python, as the oldest Python has it."""

from collections.abc import Iterator

from kernel_builder.checks.abi.model import version_text
from kernel_builder.checks.abi.subject import Subject
from kernel_builder.checks.findings import Finding

__all__ = ["check_python_names"]


def check_python_names(subject: Subject, oldest: tuple[int, int]) -> Iterator[Finding]:
    """Hold the symbols of Python that a library needs against the limited API.

    Raises:
        BinaryError: when its symbols cannot be read.
    """
    names = subject.python_names
    if not names:
        return
    from kernel_builder.checks.abi.python_abi import python_abi

    table = python_abi()
    allowed = version_text(oldest)
    for name in names:
        since = table.get(name)
        origin = subject.origins.of(name)
        if since is None:
            message = f"{name} is needed, which is not of Python's limited API"
            yield subject.find("python-not-limited", message, symbol=name, allowed=allowed, origin=origin)
        elif since > oldest:
            needed = version_text(since)
            message = f"{name} is needed, which the limited API has since Python {needed}, and not in {allowed}"
            fields = {"symbol": name, "needed": needed, "allowed": allowed, "origin": origin}
            yield subject.find("python-too-new", message, **fields)
