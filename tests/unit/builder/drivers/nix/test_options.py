"""What is handed on to Nix."""

import pytest

from kernel_builder.drivers.nix.options import ARGUMENTS_VARIABLE, NixOptions
from kernel_builder.errors import ToolchainError

OPTIONS = NixOptions(
    settings=(("sandbox", "true"), ("cores", "2")),
    inputs=(("builder/nixpkgs", "path:/a b"),),
    builders="ssh://me@host x86_64-linux - 8",
    store="/mnt/store",
)
_OWN = ["--option", "sandbox", "true", "--option", "cores", "2"]
_OWN += ["--builders", "ssh://me@host x86_64-linux - 8", "--store", "/mnt/store"]


def test_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who hands on nothing adds nothing."""
    monkeypatch.delenv(ARGUMENTS_VARIABLE, raising=False)
    assert ([], []) == (NixOptions().for_any(), NixOptions().for_flakes())


def test_options_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of the variable come last; what only reads of a flake take is kept from the rest."""
    monkeypatch.setenv(ARGUMENTS_VARIABLE, "--no-write-lock-file --override-input a 'path:b c' --option max-jobs 3")
    more = ["--option", "max-jobs", "3"]
    assert [*_OWN, *more] == OPTIONS.for_any()
    flakes = ["--override-input", "builder/nixpkgs", "path:/a b", "--no-write-lock-file"]
    assert [*_OWN, *flakes, "--override-input", "a", "path:b c", *more] == OPTIONS.for_flakes()


def test_word_without_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends too early is left for Nix to complain of."""
    monkeypatch.setenv(ARGUMENTS_VARIABLE, "--override-input a")
    assert ([], ["--override-input", "a"]) == (NixOptions().for_any(), NixOptions().for_flakes())


def test_open_quote(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is no list of words is named, with what is wrong with it."""
    monkeypatch.setenv(ARGUMENTS_VARIABLE, "--option 'a")
    with pytest.raises(ToolchainError, match=rf"{ARGUMENTS_VARIABLE} is not .*No closing quotation.*--option 'a"):
        OPTIONS.for_any()
