"""Nix: whether it is there, what its settings allow, and whether its store can be used.

The settings are read in their text form, `name = value` a line: in JSON, Nix 2.8 writes experimental features as the
numbers of an enumeration. `nix config show` is `nix show-config` since Nix 2.20.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from kernel_builder.doctor.ask import Answer, ask
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.packages import as_root, command_line, install
from kernel_builder.doctor.programs import Program, diagnose_program
from kernels.backend import BACKENDS

__all__ = ["examine_nix"]

_TOPIC = "Nix"
_BUILD = uses("nix", *BACKENDS)
_FEATURES = ("nix-command", "flakes")
_STATE = Path("/nix/var/nix")
_BROKEN = Remedy(step="Mend what Nix says; its settings are in /etc/nix/nix.conf and in nix/nix.conf below ~/.config.")


def examine_nix(here: Here, state: Path = _STATE) -> list[Diagnosis]:
    """Nix, the features that commands by hand need, the sandbox, the store and the binary caches.

    Args:
        here: this machine.
        state: where Nix keeps its database and the socket of its daemon.
    """
    question = Question(id="nix", topic=_TOPIC, text="Nix", needed_for=_BUILD)
    if here.platform.os == "windows":
        return [question.elsewhere("Nix runs on Linux and macOS; on Windows, inside WSL")]
    which = "the Determinate Nix installer" if here.platform.os == "darwin" else "the official installer of Nix"
    remedy = install("nix", here.platform, otherwise=f"Install Nix with {which}.")
    path = shutil.which("nix")
    if path is None:
        return [question.no("was not found", remedy)]
    program = Program(path=Path(path), pattern=r"\(.*Nix.*\) (\d+\.\d+[\w.]*)")
    found, version = diagnose_program(question, program, _BROKEN)
    if version is None:
        return [found]
    return [found, *_settings(path, here), _store(path, state)]


def _settings(nix: str, here: Here) -> list[Diagnosis]:
    """What the settings say; where they cannot be read, that and Nix's own words."""
    plain = _show([nix])
    shown = _show([nix, "--extra-experimental-features", "nix-command"]) if plain.problem else plain
    values = _parse(shown.text)
    if shown.problem or not values:
        question = Question(id="nix-settings", topic=_TOPIC, text="settings", needed_for=_BUILD)
        status = question.unknown if shown.hangs or not shown.problem else question.no
        return [status(f"nix {shown.problem or 'shows none'}", _BROKEN, said=shown.said)]
    features = () if plain.problem else tuple(values.get("experimental-features", "").split())
    return [_commands(plain, features), *_sandbox(values, here), _caches(values)]


def _show(nix: list[str]) -> Answer:
    """The settings, by the spelling that this Nix knows; the words of an error are those on the newer spelling."""
    newer = ask([*nix, "config", "show"])
    if not newer.problem or newer.hangs:
        return newer
    older = ask([*nix, "show-config"])
    answer = newer if "'show-config' is not a recognised command" in older.said else older
    # A setting can be a secret (access-tokens); what explains a failure is no setting.
    return replace(answer, said="\n".join(line for line in answer.said.splitlines() if " = " not in line))


def _parse(text: str) -> dict[str, str]:
    pairs = (line.partition(" =") for line in text.splitlines())
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def _commands(plain: Answer, features: tuple[str, ...]) -> Diagnosis:
    question = Question(id="nix-features", topic=_TOPIC, text="features", needed_for=("nix run",))
    missing = [feature for feature in _FEATURES if feature not in features]
    if not missing:
        return question.yes(f"{' and '.join(_FEATURES)} are enabled")
    home = os.environ.get("XDG_CONFIG_HOME")
    folder = f"{command_line(home) if home else '~/.config'}/nix"
    line = f"extra-experimental-features = {' '.join(_FEATURES)}"
    commands = (f"mkdir -p {folder}", f"echo '{line}' >> {folder}/nix.conf")
    step = "kernel-builder enables them for its own builds; for `nix` by hand:"
    names = " and ".join(missing)
    return question.no(
        f"{names} {'is' if len(missing) == 1 else 'are'} disabled",
        Remedy(step=step, commands=commands),
        said=plain.said,
    )


def _sandbox(values: Mapping[str, str], here: Here) -> list[Diagnosis]:
    """Linux builds in the full sandbox; macOS may relax it, and must for Metal, whose compiler is outside."""
    value = values.get("sandbox", "")
    question = Question(id="nix-sandbox", topic=_TOPIC, text="sandbox", needed_for=_BUILD)
    wanted = "relaxed" if here.platform.os == "darwin" else "true"
    known = value in ("true", "relaxed", "false")
    if not known:
        return [question.unknown(f"its setting is {value or 'not shown'}", _set_sandbox(wanted))]
    if value == "true" or (value == "relaxed" and wanted == "relaxed"):
        found = question.yes(f"sandbox = {value}")
    else:
        found = question.no(f"sandbox = {value}; builds could pick up what is on this machine", _set_sandbox(wanted))
    if wanted == "true":
        return [found]
    metal = Question(id="nix-sandbox-metal", topic=_TOPIC, text="sandbox for Metal", needed_for=uses("nix", "metal"))
    if value == "relaxed":
        return [found, metal.yes("sandbox = relaxed")]
    return [found, metal.no(f"sandbox = {value}; Xcode is outside of it", _set_sandbox(wanted))]


def _set_sandbox(value: str) -> Remedy:
    line = f"sandbox = {value}"
    if value == "relaxed":
        restart = as_root("launchctl kickstart -k system/systems.determinate.nix-daemon")
        return Remedy(commands=(f"echo '{line}' | {as_root('tee -a /etc/nix/nix.custom.conf')}", restart))
    if Path("/etc/NIXOS").exists():
        step = "Set nix.settings.sandbox = true; in the configuration of NixOS, then:"
        return Remedy(step=step, commands=(as_root("nixos-rebuild switch"),))
    write = f"echo '{line}' | {as_root('tee -a /etc/nix/nix.conf')}"
    has_daemon = shutil.which("systemctl") and (_STATE / "daemon-socket" / "socket").exists()
    folder = as_root("mkdir -p /etc/nix")
    return Remedy(commands=(folder, write, *((as_root("systemctl restart nix-daemon"),) if has_daemon else ())))


def _caches(values: Mapping[str, str]) -> Diagnosis:
    question = Question(id="nix-caches", topic=_TOPIC, text="binary caches")
    # Only the host: an address can hold a password.
    hosts = [
        urlsplit(address).hostname or address.partition(":")[0] for address in values.get("substituters", "").split()
    ]
    if hosts:
        return question.yes(", ".join(dict.fromkeys(hosts)))
    step = "Everything is built from its sources, which takes hours. Add a cache that has the builds of Torch:"
    commands = ("nix --extra-experimental-features 'nix-command flakes' run nixpkgs#cachix -- use huggingface",)
    return question.no("there are none", Remedy(step=step, commands=commands))


def _store(nix: str, state: Path) -> Diagnosis:
    """Whether builds can be put into the store, without opening it: opening an absent one would create it."""
    question = Question(id="nix-store", topic=_TOPIC, text="store", needed_for=_BUILD)
    if (state / "daemon-socket" / "socket").exists():
        answer = ask([nix, "--extra-experimental-features", "nix-command", "store", "ping", "--store", "daemon"])
        if not answer.problem:
            return question.yes("the daemon answers")
        start = as_root("systemctl restart nix-daemon") if shutil.which("systemctl") else as_root("nix-daemon &")
        status = question.unknown if answer.hangs else question.no
        return status(f"the daemon {answer.problem}", Remedy(commands=(start,)), said=answer.said)
    place = next(folder for folder in (state / "db", *(state / "db").parents) if folder.exists())
    if os.access(place, os.W_OK):
        made = "without a daemon" if place == state / "db" else "is made by the first build"
        return question.yes(f"{state.parents[1] / 'store'}, {made}")
    step = "Install Nix with its daemon, or start the daemon; without one, only root can build."
    return question.no(f"{place} is not writable, and there is no daemon", Remedy(step=step))
