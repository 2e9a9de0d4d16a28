"""Whether the Nix of a machine can be used."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.fake_nix import fake_nix

from kernel_builder.drivers.nix.client import find_nix
from kernel_builder.drivers.nix.options import NixOptions
from kernel_builder.errors import ProcessError, ToolchainError

NONE = NixOptions()


def test_no_nix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Nix the error says how to have it, and how to build without."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match=r"^nix was not found$") as raised:
        find_nix(NONE)
    assert raised.value.hint.endswith("or build with --driver local.")


@pytest.mark.parametrize(
    ("version", "words"),
    [("nix (Nix) 2.3.16", "Nix 2.3 is too old; 2.8 or later"), ("a game", "says 'a game', which names no version")],
)
def test_unfit_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, words: str) -> None:
    """A Nix that is too old, or no Nix, is not asked for more."""
    record = fake_nix(tmp_path, monkeypatch, version=version)
    with pytest.raises(ToolchainError, match=words):
        find_nix(NONE)
    assert [["--version"]] == [json.loads(line) for line in record.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("version", "words", "built"),
    [
        ("nix (Nix) 2.8.0", ["show-config", "--json"], "/nix/store/a.drv"),
        ("nix (Nix) 2.15.1", ["show-config", "--json"], "/nix/store/a.drv^*"),
        ("nix (Nix) 2.34.8", ["config", "show", "--json"], "/nix/store/a.drv^*"),
        ("nix (Lix, like Nix) 2.93.0", ["config", "show", "--json"], "/nix/store/a.drv^*"),
    ],
)
def test_words_of_each_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, words: list[str], built: str
) -> None:
    """Where releases differ in what they are asked with, each is asked in its own words."""
    record = fake_nix(tmp_path, monkeypatch, version=version)
    nix = find_nix(NixOptions(settings=(("sandbox", "true"),)))
    calls = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    features = ["--extra-experimental-features", "nix-command flakes"]
    assert [["--version"], [*features, *words, "--option", "sandbox", "true"]] == calls
    assert ("x86_64-linux", True, built) == (nix.system, nix.has_plain_store, nix.built("/nix/store/a.drv"))


@pytest.mark.parametrize(
    ("system", "sandbox", "is_fit"),
    [
        ("x86_64-linux", True, True),
        ("x86_64-linux", "true", True),
        ("x86_64-linux", False, False),
        ("x86_64-linux", "relaxed", False),
        ("aarch64-darwin", True, True),
        ("aarch64-darwin", "relaxed", True),
        ("aarch64-darwin", "false", False),
    ],
)
def test_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, sandbox: bool | str, *, is_fit: bool
) -> None:
    """Builds need a sandbox; on macOS it may let single ones out. To evaluate needs none."""
    fake_nix(tmp_path, monkeypatch, settings={"sandbox": sandbox, "system": system})
    assert system == find_nix(NONE, builds=False).system
    if is_fit:
        assert find_nix(NONE) == find_nix(NONE, builds=False)
        return
    with pytest.raises(ToolchainError, match=f"sandbox = {str(sandbox).lower()}, so that") as raised:
        find_nix(NONE)
    assert "`--nix-option sandbox true`" in raised.value.hint
    assert (system == "aarch64-darwin") == ("`sandbox = relaxed`" in raised.value.hint)


@pytest.mark.parametrize("store", ["/mnt/store", "ssh-ng://host", "local?root=/mnt"])
def test_other_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    """Of a store in another place it is known that its files are not where their paths say."""
    fake_nix(tmp_path, monkeypatch, settings={"store": store})
    assert not find_nix(NONE).has_plain_store


@pytest.mark.parametrize(
    ("answer", "said"),
    [("print('{}')", "{}"), ("print('what?')", "what?"), ("print('[]')", "[]"), ("print('{\"sandbox\": 1}')", "")],
)
def test_settings_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, said: str) -> None:
    """An answer that does not say how Nix is set up is shown."""
    fake_nix(tmp_path, monkeypatch, version="nix 2.8", settings=None, more="")
    program = tmp_path / "bin" / "nix"
    program.write_text(program.read_text("utf-8").replace("elif ", f"else:\n    {answer}\nif 0 and ", 1), "utf-8")
    with pytest.raises(ProcessError, match="did not say how Nix is set up") as raised:
        find_nix(NONE)
    assert said in raised.value.output


def test_words_of_a_nix_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Nix says of a broken nix.conf is in the error."""
    fake_nix(tmp_path, monkeypatch, more="if args != ['--version']: sys.exit('error: unknown setting')")
    with pytest.raises(ProcessError) as raised:
        find_nix(NONE)
    output: Any = raised.value.output
    assert "error: unknown setting" in output
