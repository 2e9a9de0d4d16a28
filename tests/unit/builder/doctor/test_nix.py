"""Nix of all ages, as it describes itself; a real one where it is installed."""

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.machines import MAC, WINDOWS, Tools, by_id, machine, statuses

from kernel_builder.doctor.model import Diagnosis, Status
from kernel_builder.doctor.nix import examine_nix

REAL_NIX = shutil.which("nix")
REAL_PATH = os.environ["PATH"]
DISABLED = (
    "error: experimental Nix feature 'nix-command' is disabled; "
    "use '--extra-experimental-features nix-command' to override"
)
#: What the program of a Nix does: $features and $settings are its configuration, $spelling its command to show it.
NIX = """
if test "$1" = --version; then echo 'nix (Nix) 2.28.4'; exit 0; fi
if test "$1" = --extra-experimental-features; then features="$features $2"; shift 2; fi
case " $features " in *" nix-command "*) ;; *) echo "{disabled}" >&2; exit 1;; esac
case "$*" in
  "$spelling") printf 'experimental-features = %s\\n%s\\n' "$features" "$settings"; exit 0;;
  "store ping --store daemon") echo 'Store URL: daemon'; exit $daemon;;
esac
echo "error: '$1' is not a recognised command" >&2; exit 1
""".replace("{disabled}", DISABLED)
SANDBOXED = (
    "sandbox = true\nsubstituters = https://user:secret@cache.example.com/ https://other.example.com ssh://builder"
)


def _nix(
    tools: Tools,
    *,
    features: str = "flakes nix-command",
    settings: str = SANDBOXED,
    spelling: str = "config show",
    daemon: int = 0,
) -> None:
    values = {"features": features, "settings": settings, "spelling": spelling, "daemon": str(daemon)}
    tools.add("nix", body="\n".join(f"{name}='{value}'" for name, value in values.items()) + NIX)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The folder of a Nix whose store this user can write to."""
    folder = tmp_path / "nix" / "var" / "nix"
    (folder / "db").mkdir(parents=True)
    return folder


def _examine(state: Path) -> dict[str, Diagnosis]:
    return by_id(examine_nix(machine(), state))


@pytest.mark.parametrize("spelling", ["config show", "show-config"])
def test_a_good_nix(tools: Tools, state: Path, spelling: str) -> None:
    """Both spellings of the command are understood; of a cache, the host alone is shown."""
    _nix(tools, spelling=spelling)
    expected = {
        "nix": f"2.28.4, {tools.folder}/nix",
        "nix-features": "nix-command and flakes are enabled",
        "nix-sandbox": "sandbox = true",
        "nix-caches": "cache.example.com, other.example.com, builder",
        "nix-store": f"{state.parents[1]}/store, without a daemon",
    }
    found = _examine(state)
    assert expected == {name: one.detail for name, one in found.items()}
    assert {"yes"} == set(statuses(list(found.values())).values())


def test_no_nix(tools: Tools, state: Path) -> None:
    """Without Nix: the package of the system, or else the installer."""
    (found,) = examine_nix(machine(), state)
    assert found.remedy is not None
    assert (Status.NO, "Install Nix with the official installer of Nix.") == (found.status, found.remedy.step)
    (found,) = examine_nix(machine(platform=MAC), state)
    assert found.remedy is not None
    assert "Install Nix with the Determinate Nix installer." == found.remedy.step
    tools.add("apt-get")
    (found,) = examine_nix(machine(), state)
    assert found.remedy is not None
    assert found.remedy.commands[0].endswith("apt-get install -y nix-bin")


def test_windows(tools: Tools, state: Path) -> None:
    """Windows has no Nix."""
    assert {"nix": "not-here"} == statuses(examine_nix(machine(platform=WINDOWS), state))


@pytest.mark.parametrize("spelling", ["config show", "show-config"])
def test_disabled_features(tools: Tools, state: Path, spelling: str) -> None:
    """With the features off, Nix's own words are shown, the remedy enables them, and the rest is found all the same."""
    _nix(tools, features="", spelling=spelling)
    found = _examine(state)
    features = found["nix-features"]
    assert features.remedy is not None
    assert (Status.NO, DISABLED) == (features.status, features.said)
    line = "echo 'extra-experimental-features = nix-command flakes' >> ~/.config/nix/nix.conf"
    assert ("mkdir -p ~/.config/nix", line) == features.remedy.commands
    assert (Status.YES, ("nix run",)) == (found["nix-sandbox"].status, features.question.needed_for)


def test_flakes_alone_are_disabled(tools: Tools, state: Path) -> None:
    """A Nix with the commands and without flakes is told apart."""
    _nix(tools, features="nix-command")
    assert "flakes is disabled" == _examine(state)["nix-features"].detail


def test_the_folder_of_settings(tools: Tools, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy writes to the folder of settings that the user has."""
    monkeypatch.setenv("XDG_CONFIG_HOME", "/home/me/my settings")
    _nix(tools, features="")
    remedy = _examine(state)["nix-features"].remedy
    assert remedy is not None
    assert "mkdir -p '/home/me/my settings'/nix" == remedy.commands[0]


@pytest.mark.parametrize("value", ["false", "relaxed"])
def test_no_sandbox_on_linux(tools: Tools, state: Path, value: str) -> None:
    """Linux builds in the full sandbox."""
    _nix(tools, settings=f"sandbox = {value}")
    found = _examine(state)["nix-sandbox"]
    assert found.remedy is not None
    assert (Status.NO, True) == (found.status, "nix:cpu" in found.question.needed_for)
    assert "echo 'sandbox = true' | " in found.remedy.commands[1]


@pytest.mark.parametrize(
    ("value", "sandbox", "metal"), [("relaxed", "yes", "yes"), ("true", "yes", "no"), ("false", "no", "no")]
)
def test_sandbox_on_macos(tools: Tools, state: Path, value: str, sandbox: str, metal: str) -> None:
    """On macOS, Metal needs the relaxed sandbox."""
    _nix(tools, settings=f"sandbox = {value}")
    found = statuses(examine_nix(machine("metal", platform=MAC), state))
    assert (sandbox, metal) == (found["nix-sandbox"], found["nix-sandbox-metal"])


def test_an_unknown_sandbox(tools: Tools, state: Path) -> None:
    """A setting of a Nix to come is unknown."""
    _nix(tools, settings="sandbox = vm")
    assert Status.UNKNOWN is _examine(state)["nix-sandbox"].status


def test_no_caches(tools: Tools, state: Path) -> None:
    """Without a binary cache everything can be built, but for long."""
    _nix(tools, settings="sandbox = true\nsubstituters = ")
    found = _examine(state)["nix-caches"]
    assert (Status.NO, ()) == (found.status, found.question.needed_for)


def test_settings_that_nix_refuses(tools: Tools, state: Path) -> None:
    """When Nix fails over its settings, its words are shown, but for settings, which can be secrets."""
    said = "access-tokens = host=canary\nerror: option 'sandbox' has invalid value 'maybe'"
    tools.add("nix", error=said, status=1, body="test \"$1\" = --version && { echo 'nix (Nix) 2.28.4'; exit 0; }")
    found = _examine(state)["nix-settings"]
    assert (Status.NO, "error: option 'sandbox' has invalid value 'maybe'") == (found.status, found.said)


def test_a_nix_that_hangs_or_fails(tools: Tools, state: Path) -> None:
    """A Nix that cannot tell its version is not asked for more."""
    tools.hang("nix")
    assert {"nix": "unknown"} == statuses(examine_nix(machine(), state))
    tools.add("nix", error="error while loading shared libraries: libnixexpr.so", status=127)
    assert {"nix": "no"} == statuses(examine_nix(machine(), state))


@pytest.fixture
def daemon(state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The socket of a daemon."""
    (state / "daemon-socket").mkdir()
    monkeypatch.chdir(state / "daemon-socket")  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        yield


@pytest.mark.parametrize(
    ("code", "status", "detail"), [(0, "yes", "the daemon answers"), (1, "no", "the daemon failed with status 1")]
)
def test_daemon(tools: Tools, state: Path, daemon: None, code: int, status: str, detail: str) -> None:
    """Where there is a daemon, it is asked."""
    _nix(tools, daemon=code)
    found = _examine(state)["nix-store"]
    assert (status, detail) == (found.status.value, found.detail)


def test_a_store_of_others(tools: Tools, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that this user cannot write to needs a daemon."""
    _nix(tools)
    real = os.access  # root may write everywhere, also where modes forbid it
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and real(path, mode))
    found = _examine(state)["nix-store"]
    assert (Status.NO, f"{state}/db is not writable, and there is no daemon") == (found.status, found.detail)


def test_an_absent_store_stays_absent(tools: Tools, tmp_path: Path) -> None:
    """A store that is not there yet is not made by asking for it."""
    _nix(tools)
    found = _examine(tmp_path / "nix" / "var" / "nix")["nix-store"]
    assert (Status.YES, False) == (found.status, (tmp_path / "nix").exists())


@pytest.mark.skipif(REAL_NIX is None or sys.platform == "win32", reason="Nix is not installed")
def test_a_real_nix(tools: Tools, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real Nix of any age tells its features, its sandbox and its caches."""
    monkeypatch.setenv("PATH", REAL_PATH)
    monkeypatch.setenv("NIX_CONF_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("kernel_builder.doctor.ask.PATIENCE", 20.0)
    conf = tmp_path / "nix.conf"
    conf.write_text("sandbox = false\nsubstituters = https://cache.example.com\n")
    found = _examine(state)
    assert (Status.NO, True) == (
        found["nix-features"].status,
        "'nix-command' is disabled" in found["nix-features"].said,
    )
    assert (Status.NO, "cache.example.com") == (found["nix-sandbox"].status, found["nix-caches"].detail)
    conf.write_text("sandbox = true\nexperimental-features = nix-command flakes\n")
    found = _examine(state)
    assert (Status.YES, Status.YES) == (found["nix-features"].status, found["nix-sandbox"].status)
