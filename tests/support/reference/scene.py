"""A reader who tries out the blocks: a folder of work, and a Python session."""

import ast
import contextvars
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from support.metadata import MINIMAL
from support.reference import models
from support.reference.blocks import FOLDER, Block
from support.reference.models import DEVICE, MyModel, SiluAndMul, WithFunction, computed_by, fits, kernel_for
from support.reference.stand_ins import make_stand_in
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as everywhere

import kernels
from kernels.lock import read_lock
from kernels.lock.pyproject import read_dependencies

__all__ = ["Scene"]


class Scene:
    """Runs blocks one after the other, in one session.

    Attributes:
        folder: the reader's project; `my_kernel` in it is a kernel that the reader has built.
        names: what the session knows: the names that the blocks define, and what the last one has printed (`stdout`).
    """

    def __init__(self, folder: Path, blocks: Mapping[str, Block], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "__main__", "__file__": str(folder / "program.py")}
        self._blocks = blocks
        library = ModuleType("somelibrary")
        library.__dict__["SiluAndMul"] = type("SiluAndMul", (SiluAndMul,), {})
        monkeypatch.setitem(sys.modules, library.__name__, library)
        # One of the blocks makes this class extensible, which would last for all of the process.
        for name in ("kernel_layer_name", "kernel_condition"):
            monkeypatch.setattr(nn.LayerNorm, name, None, raising=False)
        make_stand_in(folder / "my_kernel", "my-kernel", benchmark=blocks["cli-benchmark-11-script.py"].text)

    def play(self, block: Block) -> None:
        """Run a block after those that come before it, and check what holds then; leaves nothing registered."""
        contextvars.copy_context().run(self._play, block)

    def _play(self, block: Block) -> None:
        with kernels.use_kernel_mapping({}, inherit_mapping=False):
            for file in block.after:
                self._run(self._blocks[file])
            self._run(block)
            known = {**_HELPERS, "folder": self.folder, **self.names}
            for expression in block.true:
                assert eval(expression, known), expression  # noqa: S307 - the table is the test's own

    def _run(self, block: Block) -> None:
        for need in block.needs:
            self.names.update(_NEEDS[need]())
        text = block.text
        for old, new in block.replace.items():
            assert old in text, old
            text = text.replace(old, new.format(folder=self.folder))
        getattr(self, f"_run_{block.run}")(block, text)

    def _run_python(self, block: Block, text: str) -> None:
        """Part of a program."""
        output = io.StringIO()
        with redirect_stdout(output):
            self._execute(compile(_on(block.device or DEVICE, text), FOLDER / block.file, "exec"))
        self.names["stdout"] = output.getvalue()

    def _run_old_and_new(self, block: Block, text: str) -> None:
        """Statements after `# Old:`, which are refused, and after `# New:`, which take their place."""
        for part in re.split(r"^# (?=Old:|New:)", _on(DEVICE, text), flags=re.MULTILINE)[1:]:
            for statement in ast.parse(f"# {part}").body:
                code = compile(ast.Module([statement], []), FOLDER / block.file, "exec")
                if part.startswith("New:"):
                    self._execute(code)
                else:
                    with pytest.raises(ValueError, match="version"):
                        self._use(code)

    def _use(self, code: CodeType) -> None:
        """Run a part of a program; a repository may refuse what it is given when it is used, and not before."""
        self._execute(code)
        self.names["kernel_layer_mapping"]["SiluAndMul"][DEVICE].load()

    def _execute(self, code: CodeType) -> None:
        exec(code, self.names)  # noqa: S102 - to run what the documents show is what this is for

    def _run_shell(self, _block: Block, text: str) -> None:
        """Commands in the folder of the project."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        result = subprocess.run(
            ["sh", "-e", "-c", text],
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        self.names["stdout"] = result.stdout

    def _run_transcript(self, block: Block, text: str) -> None:
        """Commands after a `$`, with what they printed on another machine."""
        self._run_shell(block, "\n".join(line[2:] for line in text.splitlines() if line.startswith("$ ")))

    def _run_project(self, _block: Block, text: str) -> None:
        """The `pyproject.toml` of the project."""
        (self.folder / "pyproject.toml").write_text(text, "utf-8")
        self.names["dependencies"] = read_dependencies(self.folder)

    def _run_lock(self, _block: Block, text: str) -> None:
        """The `kernels.lock` of the project."""
        path = self.folder / "kernels.lock"
        path.write_text(text, "utf-8")
        self.names["locks"] = read_lock(path)

    def _run_metadata(self, _block: Block, text: str) -> None:
        """A `metadata.json`, or those keys of one that the document is about."""
        self.names["metadata"] = kernels.Metadata.parse(json.dumps({**MINIMAL, **json.loads(text)}))

    def _run_kernel(self, _block: Block, text: str) -> None:
        """The `__init__.py` of a kernel, beside which is what it imports."""
        build = self.folder / "my_kernel" / "build" / "torch-universal"
        (build / "__init__.py").write_text(text, "utf-8")
        (build / "module_a.py").write_text("foo = 1\n", "utf-8")
        self.names["kernel"] = kernels.get_local_kernel(build)


def _on(device: str, text: str) -> str:
    """A program for the GPU, on another device."""
    return text.replace('"cuda"', f'"{device}"')


def _rms_norm(x: torch.Tensor, weight: torch.Tensor, *, eps: float, **_off: object) -> torch.Tensor:
    """The function of a kernel that the document's layer calls."""
    return F.rms_norm(x, weight.shape, weight, eps)


_NEEDS: dict[str, Any] = {
    "MyModel": lambda: {"MyModel": MyModel},
    "kernels": lambda: {name: getattr(kernels, name) for name in kernels.__all__},
    "linear": lambda: {"linear": MyModel()},
    "model": lambda: {"model": WithFunction()},
    "ops": lambda: {"ops": SimpleNamespace(silu_and_mul=models.silu_and_mul)},
    "rms_norm_fn": lambda: {"rms_norm_fn": _rms_norm},
    "sys": lambda: {"sys": sys},
    "torch": lambda: {"torch": torch, "nn": nn, "F": F},
}
_HELPERS = {
    "DEVICE": DEVICE,
    "F": F,
    "Mode": kernels.Mode,
    "computed_by": computed_by,
    "fits": fits,
    "kernel_for": kernel_for,
    "torch": torch,
}
