"""Whether the loader can load a build, and what the build registers when it is loaded."""

import json
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from kernel_builder.checks.findings import Finding
from kernel_builder.errors import ProcessError
from kernel_builder.process import prepared, run
from kernels.metadata import Metadata
from kernels.variant import NoarchVariant, TvmFfiVariant, Variant

__all__ = ["LIMIT_SECONDS", "Ask", "check_load", "not_loaded", "ready_to_load", "why_not_here"]

#: Gives a waiting process its work and how many seconds it may take, and returns what it prints.
Ask: TypeAlias = Callable[[str, float], str]

#: How long a build may take to load, once Torch is imported; and how long that may take at most.
LIMIT_SECONDS = 300.0
_TORCH_SECONDS = 300.0
_SCRIPT = Path(__file__).with_name("load_script.py")
#: What the loader raises because of this machine and not because of the build.
_OF_THE_MACHINE = (
    "BackendError", "HubUnreachableError", "MissingDependencyError", "NoVariantError", "NotCachedError",
    "UnsupportedArchError", "UnsupportedKernelError", "UntrustedKernelError",
)  # fmt: skip
_BROKEN_TORCH = "the Torch of this machine cannot be imported ({})"
_REMEDY = "Mend what it names and build again."
_NAMES_SHOWN = 5


def why_not_here(variant: Variant) -> str | None:
    """Why this machine cannot load a build, by its variant; `None` when it can. Torch is not imported."""
    from kernels.probe import probe_system
    from kernels.resolve import VariantRejected, resolve

    try:
        system = probe_system()
    except ImportError as error:
        return _BROKEN_TORCH.format(error)
    if system.torch is None and not isinstance(variant, TvmFfiVariant):
        return "there is no Torch here"
    named = variant.backend if isinstance(variant, NoarchVariant) else variant.compute.backend
    # A build for the CPU is a build for any Torch, but one that is made for an accelerator has to be asked for it.
    (decision,) = resolve([variant], system, "cpu" if named == "cpu" else None)
    return decision.reason if isinstance(decision, VariantRejected) else None


def not_loaded(why: str) -> Finding:
    """A note that a build was not loaded."""
    return Finding(check="load", code="not-loaded", message=f"not loaded: {why}", severity="note")


@contextmanager
def ready_to_load(python: Path, place: Path | None = None) -> Iterator[Ask]:
    """Start, ahead of time, the process that `check_load` loads a build in: it imports Torch and waits."""
    with prepared(_command(python), env=_environment(place)) as ask:
        yield ask


def check_load(
    tree: Path,
    metadata: Metadata,
    python: Path,
    *,
    place: Path | None = None,
    ready: Ask | None = None,
    seconds: float = LIMIT_SECONDS,
) -> list[Finding]:
    """Load a build in a process of its own, as a user would.

    What the loader refuses because of this machine (a package that is not installed, a GPU that the build has no code
    for, a Hub that cannot be reached) is a note. Operators that the build registers outside of its own namespace are
    findings of the check `ops`.

    Args:
        tree: its folder.
        metadata: what was read from it.
        python: the interpreter.
        place: a folder with the Torch to load it under, where that is not the interpreter's own.
        ready: what `ready_to_load` gave, where it was started.
        seconds: how long it may take, beside the import of Torch.
    """
    backend = ["cpu"] if metadata.backend.type == "cpu" else []
    answer = _run(python, ["load", f"{seconds:g}", str(tree), *backend], place=place, ready=ready)
    if isinstance(answer, str):
        return [_failure(tree, answer)]
    if "loader" in answer:
        return [not_loaded(f"{python} does not have the loader ({answer['loader']})")]
    if "torch" in answer:
        return [not_loaded(_BROKEN_TORCH.format(answer["torch"]))]
    if "error" in answer:
        return [_refusal(tree, answer)]
    foreign = answer["foreign"]
    if foreign and (others := [name for name in answer["modules"] if name.partition(".")[0] != "kernels"]):
        # What it imports may register operators of its own, as parts of Torch do.
        known = _run(python, ["import", f"{seconds:g}"], place=place, given=others)
        foreign = [name for name in foreign if isinstance(known, str) or name not in known["operators"]]
    return [_foreign(foreign, metadata)] if foreign else []


def _command(python: Path) -> list[str | Path]:
    # No bytecode: the tree must stay as it was built.
    return [python, "-B", "-X", "faulthandler", _SCRIPT]


def _environment(place: Path | None) -> dict[str, str | None]:
    return {} if place is None else {"PYTHONPATH": str(place)}


def _run(
    python: Path,
    words: list[str],
    *,
    place: Path | None = None,
    given: list[str] | None = None,
    ready: Ask | None = None,
) -> dict[str, Any] | str:
    """What the script answers; or what became of the process instead, with its last output on the lines behind."""
    seconds = float(words[1])
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        words = [str(result), *words]
        if given is not None:
            result.write_text(json.dumps(given), "utf-8")
        try:
            if ready is None:
                run([*_command(python), *words], env=_environment(place), timeout=seconds + _TORCH_SECONDS)
            else:
                ready(json.dumps(words), seconds + _TORCH_SECONDS)
        except TimeoutError:
            return f"does not end within {seconds:g} s"
        except ProcessError as error:
            return f"{_ending(error, seconds)}\n{error.output}"
        if not result.is_file():
            return "ends the process that loads it, as `os._exit` does"
        answer: dict[str, Any] = json.loads(result.read_text("utf-8"))
        return answer


def _ending(error: ProcessError, seconds: float) -> str:
    """How a process ended, for a person to read; negative statuses are signals, huge ones what Windows says."""
    status = error.returncode
    if re.search(r"^Timeout \([0-9:.]+\)!$", error.output, re.MULTILINE):
        return f"does not end within {seconds:g} s"
    if status < 0:
        known = {one.value: one.name for one in signal.Signals}
        return f"crashes the process that loads it: {known.get(-status, f'signal {-status}')}"
    if status >= 1 << 31:
        return f"crashes the process that loads it: {status:#x}"
    return f"ends the process that loads it, with status {status}"


def _failure(tree: Path, words: str) -> Finding:
    """A process that gave no answer; the stack that Python left names the place, if it came through the build."""
    first, _, output = words.partition("\n")
    root = re.escape(f"{tree.resolve()}{'/' if '/' in str(tree.resolve()) else chr(92)}")
    place = re.search(rf'File "{root}(.+)", line (\d+)', output)
    code = "hangs" if "does not end" in first else "crashes"
    last = [line for line in output.splitlines() if line.strip()][-1:] if not place and code == "crashes" else []
    return Finding(
        check="load",
        code=code,
        message="\n".join([f"the build {first}", *last]),
        file=place[1].replace("\\", "/") if place else "",
        line=int(place[2]) if place else None,
        remedy=f"Load it under a debugger: `{Path(sys.executable).name} -X faulthandler`, then `get_local_kernel`.",
    )


def _refusal(tree: Path, answer: dict[str, Any]) -> Finding:
    kind, words = answer["error"]
    words = words.replace(f"{tree.resolve()}/", "").replace(f"{tree}/", "")
    if kind in _OF_THE_MACHINE and "file" not in answer:
        return not_loaded(words)
    return Finding(
        check="load",
        code="fails",
        message=f"the build does not load: {kind}: {words}" if words else f"the build does not load: {kind}",
        file=answer.get("file", ""),
        line=answer.get("line"),
        remedy=_REMEDY,
    )


def _foreign(names: list[str], metadata: Metadata) -> Finding:
    shown = ", ".join(names[:_NAMES_SHOWN]) + (f" and {len(names) - _NAMES_SHOWN} more" if names[_NAMES_SHOWN:] else "")
    return Finding(
        check="ops",
        code="foreign-namespace",
        message=f"the build registers {shown} when it is loaded, outside of its own namespace {metadata.id}",
        symbol=names[0],
        allowed=metadata.id,
        remedy="Register operators with add_op_namespace_prefix(...) of `_ops.py`, in C++ with "
        "TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops).",
    )
