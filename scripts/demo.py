"""What `make demo` runs: build examples/relu for this machine, load it, hold it against Torch."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from kernels import get_loaded_kernels, get_local_kernel

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "examples" / "relu"
SHAPES = ((0,), (1,), (1000,), (33, 65), (4, 128, 257))


def main() -> int:
    """Run the steps; 0 when the kernel agrees with Torch everywhere."""
    console = Console()
    console.print("[bold]1. Build[/bold]  build.toml and C++ become a tree that any PyTorch program can load")
    built = _build()
    how = f"{built['compiled']} sources compiled" if built["changed"] else "up to date, nothing to do"
    console.print(f"   {_short(built['path'])}\n   {how}, {built['seconds']:.1f} s\n")

    console.print("[bold]2. Check[/bold]  layout, metadata, digest of every file, operator namespaces")
    checked = _builder("check-builds", built["path"])
    console.print(f"   {checked.strip()}\n")

    console.print("[bold]3. Load[/bold]   the loader chooses the build that fits this process")
    started = time.monotonic()
    relu, variant = _load()
    console.print(f"   {relu.__name__} in {time.monotonic() - started:.1f} s from\n   {_short(variant)}\n")

    console.print("[bold]4. Compare[/bold] with torch.relu, not a number and infinity included")
    rows = list(_compare(relu))
    table = Table("dtype", "shapes", "elements", "equal to torch.relu", box=None, pad_edge=False)
    for dtype, shapes, elements, equal in rows:
        table.add_row(dtype, str(shapes), f"{elements:,}", "[green]yes[/green]" if equal else "[red]NO[/red]")
    console.print(table)
    good = all(equal for *_, equal in rows)
    console.print(
        "\n[bold green]The kernel works.[/bold green]" if good else "\n[bold red]The kernel is wrong.[/bold red]"
    )
    return 0 if good else 1


def _build() -> dict[str, Any]:
    # The local driver also where Nix is installed: the demo shows what this machine can do by itself.
    builds = json.loads(_builder("build", str(PROJECT), "--driver", "local", "--json"))["builds"]
    built: dict[str, Any] = builds[0]
    return built


def _builder(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("kernel-builder")), *arguments]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)  # noqa: S603 - our own command
    if result.returncode:
        sys.exit(result.returncode)
    return result.stdout


def _load() -> tuple[ModuleType, str]:
    # The build is for the CPU, also where Torch is made for an accelerator and would ask for its builds.
    relu = get_local_kernel(PROJECT, backend="cpu")
    loaded = next(kernel for kernel in get_loaded_kernels() if kernel.module is relu)
    return relu, str(Path(str(loaded.module.__file__)).parent)


def _compare(relu: ModuleType) -> Iterator[tuple[str, int, int, bool]]:
    floats = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
    integers = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
    generator = torch.Generator().manual_seed(0)
    for dtype in (*floats, *integers):
        equal, elements = True, 0
        for shape in SHAPES:
            x = (torch.randn(shape, generator=generator) * 50).to(dtype)
            if dtype in floats and x.numel() > 2:  # noqa: PLR2004 - room for the two special values
                x.view(-1)[:2] = torch.tensor([float("nan"), float("-inf")], dtype=dtype)
            equal &= torch.allclose(relu.relu(x), torch.relu(x), rtol=0, atol=0, equal_nan=True)
            elements += x.numel()
        yield str(dtype).removeprefix("torch."), len(SHAPES), elements, equal


def _short(path: str) -> str:
    return str(Path(path).relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
