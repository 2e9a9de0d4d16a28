"""Going through kernels and the kernels that they need."""

from threading import Barrier

import pytest

from kernels.errors import LockError
from kernels.lock.format import KernelLock
from kernels.lock.survey import Found, survey, wish
from kernels.metadata import KernelDependency

THREADS = 10
A, B, C, D = (KernelDependency(f"o/{name}", version=1) for name in "abcd")


def _lock(dependency: KernelDependency) -> KernelLock:
    return KernelLock(dependency.repo_id, "0" * 40, {})


def test_each_kernel_is_looked_at_once() -> None:
    """Kernels that are needed more than once, or that need each other, are visited once each."""
    needs = {A: (B, C), B: (C, A), C: (D,), D: (A,)}
    visited = []

    def visit(dependency: KernelDependency) -> Found:
        visited.append(dependency)
        return Found(_lock(dependency), needs[dependency])

    found = survey([B, A, B], visit)

    assert [A, B, C, D] == sorted(visited, key=str)
    assert [A, B, C, D] == list(found)
    assert needs == {dependency: one.needs for dependency, one in found.items()}


def test_one_repository_can_be_asked_for_in_several_ways() -> None:
    """Two versions of a repository are two kernels, in the order of their numbers, after the revisions."""
    wanted = [KernelDependency("o/r", version=number) for number in (10, 9)]
    wanted.append(KernelDependency("o/r", revision="main"))

    assert wanted[::-1] == list(survey(wanted, lambda dependency: Found(_lock(dependency))))


def test_ten_kernels_are_looked_at_at_a_time() -> None:
    """Ten visits run side by side: each waits until all ten have begun."""
    together = Barrier(THREADS, timeout=60)

    def visit(dependency: KernelDependency) -> Found:
        together.wait()
        return Found(_lock(dependency))

    wanted = [KernelDependency("o/r", version=number) for number in range(THREADS)]
    assert wanted == list(survey(wanted, visit))


def test_what_goes_wrong_with_one_kernel_is_a_problem_of_that_one() -> None:
    """Errors of ours and of the operating system become problems, and the others are looked at all the same."""

    def visit(dependency: KernelDependency) -> Found:
        if dependency == A:
            message = "no such kernel"
            raise LockError(message)
        if dependency == B:
            message = "no network"
            raise ConnectionError(message)
        return Found(_lock(dependency))

    found = survey([A, B, C], visit)

    expected = {A: ("o/a: no such kernel",), B: ("o/b: no network",), C: ()}
    assert expected == {dependency: one.problems for dependency, one in found.items()}
    assert [None, None, _lock(C)] == [one.lock for one in found.values()]


def test_a_mistake_in_the_program_is_not_hidden() -> None:
    """Other exceptions end the survey, and what has not begun is not begun."""

    def visit(dependency: KernelDependency) -> Found:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        survey([A], visit)


def test_progress_is_told_in_the_calling_thread() -> None:
    """After each kernel, how many are done and how many are known so far."""
    seen: list[tuple[str, int, int]] = []
    needs: dict[KernelDependency, tuple[KernelDependency, ...]] = {A: (B, C), B: (), C: ()}
    survey(
        [A],
        lambda dependency: Found(_lock(dependency), needs[dependency]),
        lambda repo_id, done, known: seen.append((repo_id, done, known)),
    )

    assert ("o/a", 1, 3) == seen[0]
    assert {("o/b", "o/c"), ("o/c", "o/b")} >= {tuple(repo_id for repo_id, _, _ in seen[1:])}
    assert [(2, 3), (3, 3)] == [(done, known) for _, done, known in seen[1:]]


@pytest.mark.parametrize(
    ("wanted", "words"), [(A, "version 1"), (KernelDependency("o/r", revision="a\ud800"), 'revision "a\\ud800"')]
)
def test_what_is_asked_for_can_be_printed(wanted: KernelDependency, words: str) -> None:
    """Any revision that a kernel names can stand in a message."""
    assert words == wish(wanted)
