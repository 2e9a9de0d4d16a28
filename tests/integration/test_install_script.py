"""install.sh: its steps with stand-ins for what it downloads, and for real with the Nix that is here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.projects import ROOT

SCRIPT = ROOT / "install.sh"
LINE = "extra-experimental-features = nix-command flakes"
CACHE = ("--cache", "file:///srv/cache", "--cache-key", "cache-1:AAAA")

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="the script is for a POSIX shell")

#: Notes its arguments, and is a Nix without flakes and with an empty profile.
_NIX = """#!/bin/sh
echo "nix $*" >> "$RECORD"
case "$*" in
  --version) echo "nix (Nix) 2.8.0" ;;
  show-config) echo "experimental-features =$FEATURES" ;;
  *"profile list"*) cat "$HOME/profile" 2>/dev/null ;;
  *"profile install"*) echo "0 kernel-builder" > "$HOME/profile"; exit "${INSTALL:-0}" ;;
esac
"""
#: Notes its arguments, and "downloads" an installer that puts the Nix above into the user's profile.
_CURL = """#!/bin/sh
echo "curl $*" >> "$RECORD"
[ "${DOWNLOAD:-0}" = 0 ] || exit "$DOWNLOAD"
while [ "$1" != --output ]; do shift; done
printf '%s\\n' 'echo "installer $*" >> "$RECORD"' 'mkdir -p "$HOME/.nix-profile/bin"' \\
  'cp "$NIX_TO_INSTALL" "$HOME/.nix-profile/bin/nix"' > "$2"
"""
_TOOLS = ("cat", "cp", "cut", "dirname", "grep", "mkdir", "mktemp", "rm", "sha256sum", "sh", "tail", "uname")


class Machine:
    """A home and a PATH with the usual tools and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.home, self.programs, self.record = folder / "home", folder / "bin", folder / "record"
        self.home.mkdir()
        self.programs.mkdir()
        for tool in _TOOLS:
            (self.programs / tool).symlink_to(str(shutil.which(tool)))
        self._add("curl", _CURL)
        self.nix = folder / "nix"
        self.nix.write_text(_NIX, "utf-8")
        self.nix.chmod(0o755)
        self.conf = self.home / ".config" / "nix" / "nix.conf"

    def _add(self, name: str, text: str) -> None:
        (self.programs / name).write_text(text, "utf-8")
        (self.programs / name).chmod(0o755)

    def add_nix(self) -> "Machine":
        """Give it a Nix."""
        self._add("nix", _NIX)
        return self

    def install(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        self.record.write_text("", "utf-8")
        own = {"HOME": str(self.home), "PATH": str(self.programs), "RECORD": str(self.record)}
        env = {**own, "NIX_TO_INSTALL": str(self.nix), **variables}
        command = [str(shutil.which("sh")), str(SCRIPT), *arguments]
        return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def changes(self) -> list[str]:
        """What was called that changes something."""
        lines = self.record.read_text("utf-8").splitlines()
        return [line for line in lines if "profile install" in line or line.startswith(("curl", "installer"))]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without Nix."""
    return Machine(tmp_path)


def test_a_new_machine(machine: Machine) -> None:
    """Nix is downloaded as a whole, its digest is shown, it runs; flakes are switched on; kernel-builder comes last."""
    done = machine.install("--yes", *CACHE)
    assert 0 == done.returncode, done.stderr
    curl, installer, profile = machine.changes()
    assert curl.endswith("https://nixos.org/nix/install")
    assert installer in ("installer --daemon --yes", "installer --no-daemon --yes")
    assert profile.endswith("profile install github:huggingface/kernels#kernel-builder")
    assert "sha256: " in done.stdout
    lines = machine.conf.read_text("utf-8").splitlines()
    assert [LINE, "extra-substituters = file:///srv/cache", "extra-trusted-public-keys = cache-1:AAAA"] == lines
    assert "nix profile upgrade" in done.stdout


def test_twice(machine: Machine) -> None:
    """The second time, there is nothing to do."""
    machine.install("--yes", *CACHE)
    before = machine.conf.read_bytes()
    again = machine.install("--yes", *CACHE)
    assert (0, [], before) == (again.returncode, machine.changes(), machine.conf.read_bytes())


def test_dry_run(machine: Machine) -> None:
    """Every command is shown, and nothing is run or written."""
    done = machine.install("--dry-run", *CACHE)
    assert (0, [], []) == (done.returncode, machine.changes(), list(machine.home.iterdir())), done.stderr
    shown = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  $ ")]
    assert ["curl", "sh", "nix"] == shown
    assert f"nix.conf gets the line: {LINE}" in done.stdout


def test_nobody_to_ask(machine: Machine) -> None:
    """Without --yes and without a terminal nothing is downloaded."""
    done = machine.install()
    assert (1, [], True) == (done.returncode, machine.changes(), "--yes" in done.stderr)


def test_settings_stay(machine: Machine) -> None:
    """What stands in nix.conf stays, also where its last line has no end; flakes that are on are left alone."""
    machine.add_nix().conf.parent.mkdir(parents=True)
    machine.conf.write_text("cores = 4", "utf-8")
    assert 0 == machine.install("--yes", *CACHE, FEATURES=" flakes nix-command").returncode
    assert [
        "cores = 4",
        *[f"extra-{line}" for line in ("substituters = file:///srv/cache", "trusted-public-keys = cache-1:AAAA")],
    ] == machine.conf.read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["--yes"], {"DOWNLOAD": "22"}, "could not be downloaded"),
        (["--yes"], {"INSTALL": "1"}, "kernel-builder was not installed"),
        (["--cache", "file:///srv/cache"], {}, "--cache-key NAME:KEY"),
        (["--cache-key", "a:b"], {}, "--cache-key needs --cache"),
        (["--cache", "x", "--cache-key", "no"], {}, "no is no public key"),
        (["--cache"], {}, "--cache needs a value"),
        (["--fast"], {}, "there is no option --fast"),
        (["--yes"], {"HOME": ""}, "HOME is not set"),
    ],
)
def test_what_goes_wrong(machine: Machine, arguments: list[str], variables: dict[str, str], said: str) -> None:
    """Each failure ends the script, with what it was and what to do."""
    done = machine.install(*arguments, **variables)
    assert (1, True) == (done.returncode, said in done.stderr), done.stderr
    assert done.stderr.startswith("install.sh: ") or "\ninstall.sh: " in done.stderr


def test_without_curl(machine: Machine) -> None:
    """A missing curl is named before anything is tried."""
    (machine.programs / "curl").unlink()
    done = machine.install("--yes")
    assert (1, True) == (done.returncode, "Install curl" in done.stderr)


def test_help(machine: Machine) -> None:
    """The help names every option that the script takes."""
    text = machine.install("--help").stdout
    script = SCRIPT.read_text("utf-8").split("while [ $# -gt 0 ]")[1].split("esac")[0]
    assert {word for word in script.replace("|", " ").replace(")", " ").split() if word.startswith("--")} <= {
        word.strip("[],") for word in text.split()
    }


@pytest.mark.skipif(shutil.which("nix") is None, reason="nix is not installed (Debian: apt-get install nix-bin)")
def test_a_real_nix(tmp_path: Path) -> None:
    """A real Nix reads the settings that the script wrote, and its words are shown when it cannot install."""
    env = {**os.environ, "HOME": str(tmp_path), "NIX_CONF_DIR": str(tmp_path), "NIX_REMOTE": str(tmp_path / "store")}
    env.pop("XDG_CONFIG_HOME", None)
    command = [str(shutil.which("sh")), str(SCRIPT), "--yes", *CACHE, "--flake", f"path:{tmp_path}/nothing"]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert 1 == done.returncode
    assert "kernel-builder was not installed" in done.stderr
    assert f"{tmp_path}/nothing" in done.stderr.split("install.sh:", maxsplit=1)[0]
    show = ["nix", "show-config"]
    shown = subprocess.run(show, env=env, capture_output=True, text=True, check=False)
    if shown.returncode:  # later releases have another name for it
        shown = subprocess.run(["nix", "config", "show"], env=env, capture_output=True, text=True, check=True)
    settings = dict(line.split(" = ", 1) for line in shown.stdout.splitlines() if " = " in line)
    assert {"nix-command", "flakes"} <= set(settings["experimental-features"].split())
    assert "file:///srv/cache" in settings["substituters"].split()
    assert "cache-1:AAAA" in settings["trusted-public-keys"].split()
