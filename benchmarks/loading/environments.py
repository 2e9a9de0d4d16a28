"""The two loaders, each in an environment of its own, with one Torch between them.

Ours is the environment that runs the benchmark. The peer gets a virtual environment in it, made once, into which it is
installed as anybody would; a `.pth` file then shows it the folder that Torch is in, behind its own packages. Such a
folder's own `.pth` files do not count, so our editable installation stays out of sight.
"""

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PEER", "Environment", "SetupError", "ours", "peer"]

#: What we measure ourselves by. The Hub client is pinned to the release that we use: it is not what is compared.
PEER = "0.17.2"
_STAMP = "shared_torch.pth"
_FACTS = """
import json, importlib.util, kernels, huggingface_hub, sys
torch = importlib.util.find_spec("torch")
print(json.dumps({"version": kernels.__version__, "file": kernels.__file__, "client": huggingface_hub.__version__,
                  "torch": torch.origin if torch else ""}))
"""
#: Settings of the person who runs the benchmark that would change what is measured.
_FOREIGN = ("DISABLE_", "DO_NOT_TRACK", "HF_", "HUGGING", "KERNELS_", "LOCAL_KERNELS", "PYTHON", "TRANSFORMERS_")


class SetupError(Exception):
    """An environment cannot be made, or is not what it has to be."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One loader.

    Attributes:
        name: `ours` or `peer`.
        python: its interpreter.
        loader: the folder that `kernels` has to come from.
    """

    name: str
    python: Path
    loader: Path

    @property
    def command(self) -> Path:
        """The console script `kernels`."""
        return self.python.with_name("kernels")

    def variables(self, more: dict[str, str]) -> dict[str, str]:
        """Environment variables: this process's, without settings that would change what is measured, and more."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        return kept | more

    def facts(self) -> dict[str, str]:
        """Versions and places, as the interpreter itself tells them.

        Raises:
            SetupError: when `kernels` comes from elsewhere than it has to, or its command is not installed.
        """
        facts: dict[str, str] = json.loads(_output([str(self.python), "-I", "-c", _FACTS], self.variables({})))
        if not Path(facts["file"]).is_relative_to(self.loader):
            message = f"{self.name}: kernels is imported from {facts['file']}, not from {self.loader}"
            raise SetupError(message)
        if not self.command.exists():
            message = f"{self.name}: there is no command {self.command}; install the loader anew"
            raise SetupError(message)
        return facts


def ours(root: Path) -> Environment:
    """The loader of this source tree, in the environment that runs the benchmark."""
    return Environment("ours", Path(sys.executable), root / "loader" / "kernels")


def peer() -> Environment:
    """The peer, installed where it is not there yet.

    Raises:
        SetupError: when it cannot be installed.
    """
    folder = Path(sys.prefix) / f"peer-{PEER}"
    python = folder / "bin" / "python"
    purelib = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    environment = Environment("peer", python, purelib / "kernels")
    requirements = [f"kernels=={PEER}", f"huggingface_hub=={importlib.metadata.version('huggingface_hub')}"]
    torch = _torch()
    stamp, text = purelib / _STAMP, f"# {' '.join(requirements)}\n{torch.parents[1]}\n"
    if not stamp.is_file() or stamp.read_text("utf-8") != text:
        _install(folder, python, requirements)
        stamp.write_text(text, "utf-8")
    facts = environment.facts()
    if (facts["version"], facts["torch"]) != (PEER, str(torch)):
        message = f"the peer in {folder} is {facts['version']} with {facts['torch']}, not {PEER} with {torch}"
        raise SetupError(message)
    return environment


def _install(folder: Path, python: Path, requirements: list[str]) -> None:
    print(f"installing {' and '.join(requirements)} into {folder}", file=sys.stderr)
    try:
        venv.create(folder, clear=True, symlinks=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        message = f"no virtual environment can be made in {folder}: {error}"
        raise SetupError(message) from error
    _output([str(python), "-m", "pip", "install", "--quiet", *requirements], dict(os.environ))


def _torch() -> Path:
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        message = "the environment that runs the benchmark has no Torch"
        raise SetupError(message)
    return Path(spec.origin)


def _output(command: list[str], variables: dict[str, str]) -> str:
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        message = f"{' '.join(command[:4])} … failed:\n{done.stderr.strip()}"
        raise SetupError(message)
    return done.stdout
