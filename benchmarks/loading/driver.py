"""What a program does with the loader, timed from within. The same file runs in both environments.

    python -I driver.py SCENARIO ARGUMENTS

Only the public API of `kernels` is used, in the forms that both loaders take. A program that loads kernels has Torch,
so that is imported before anything is timed. Each step is one line of JSON on standard output, and so is a failure;
the next step begins when a line comes in, so that whoever drives knows which requests belong to which step.

A first step is timed together with the import of what it uses: what one loader imports at once, the other one imports
when it is needed, and a program pays for both. What is done again is done seven times, and the median counts.
"""
# mypy: allow-subclassing-any

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

_REPEATS = 7
#: Its name, seconds by clock, and how often it was done.
_Step = tuple[str, dict[str, float], int]


def _import() -> Iterator[_Step]:
    def package() -> None:
        import kernels  # noqa: F401, PLC0415

    yield "first", _timed(package), 1


def _import_names() -> Iterator[_Step]:
    def names() -> None:
        from kernels import (  # noqa: F401, PLC0415
            LayerRepository,
            Mode,
            get_kernel,
            kernelize,
            register_kernel_mapping,
            use_kernel_forward_from_hub,
        )

    yield "first", _timed(names), 1


def _local(project: str) -> Iterator[_Step]:
    def load() -> None:
        from kernels import get_local_kernel  # noqa: PLC0415

        get_local_kernel(Path(project))

    yield from _first_and_again(load)


def _hub(repo_id: str, **which: Any) -> Iterator[_Step]:
    def load() -> None:
        from kernels import get_kernel  # noqa: PLC0415

        get_kernel(repo_id, **which)

    yield from _first_and_again(load)


def _locked(repo_id: str, lockfile: str) -> Iterator[_Step]:
    def load() -> None:
        from kernels import get_locked_kernel  # noqa: PLC0415

        get_locked_kernel(repo_id, lockfile=lockfile)

    yield from _first_and_again(load)


def _caller(folder: str, repo_id: str) -> Iterator[_Step]:
    """The lock file is found by the package that calls."""
    sys.path.append(folder)

    def load() -> None:
        from caller import load  # type: ignore[import-not-found]  # noqa: PLC0415

        load(repo_id)

    yield from _first_and_again(load)


def _many_layers(project: str, count: int) -> Iterator[_Step]:
    """One class, many layers, a local kernel."""
    names: list[type[torch.nn.Module]] = []
    started = _timed(lambda: names.append(_layer_class(0)))
    model = torch.nn.Sequential(*(names[0]() for _ in range(count)))

    def adopt() -> None:
        from kernels import LocalLayerRepository, Mode, kernelize, use_kernel_mapping  # noqa: PLC0415

        repository = LocalLayerRepository(Path(project), layer_name="Layer0")
        with use_kernel_mapping({"Layer0": {"cpu": repository}}):
            kernelize(model, mode=Mode.INFERENCE, device="cpu")

    first = _timed(adopt)
    _expect(0, model)
    yield "first", {clock: first[clock] + started[clock] for clock in first}, 1
    yield "again", _typical(adopt), _REPEATS


def _ten_layers(repo_id: str, count: int) -> Iterator[_Step]:
    """Different layers, each from a repository object of its own, of one kernel on the Hub."""
    classes: list[type[torch.nn.Module]] = []
    started = _timed(lambda: classes.extend(_layer_class(number) for number in range(count)))
    model = torch.nn.Sequential(*(layer() for layer in classes))

    def adopt() -> None:
        from kernels import LayerRepository, Mode, kernelize, use_kernel_mapping  # noqa: PLC0415

        names = [f"Layer{number}" for number in range(count)]
        mapping = {name: {"cpu": LayerRepository(repo_id, layer_name=name, version=1)} for name in names}
        with use_kernel_mapping(mapping):
            kernelize(model, mode=Mode.INFERENCE, device="cpu")

    first = _timed(adopt)
    _expect(sum(range(count)), model)
    yield "first", {clock: first[clock] + started[clock] for clock in first}, 1
    yield "again", _typical(adopt), _REPEATS


def _mapping(count: int) -> Iterator[_Step]:
    from kernels import LayerRepository, register_kernel_mapping, use_kernel_mapping  # noqa: PLC0415

    def layers(prefix: str, count: int) -> Any:
        return {
            f"{prefix}{number}": {"cpu": LayerRepository(f"bench/{prefix}{number}", layer_name="Layer", version=1)}
            for number in range(count)
        }

    register_kernel_mapping(layers("registered", count))
    mapping = layers("used", 1)

    def use() -> None:
        with use_kernel_mapping(mapping):
            pass

    use()
    yield "again", _typical(use), _REPEATS


def _layer_class(number: int) -> type[torch.nn.Module]:
    from kernels import use_kernel_forward_from_hub  # noqa: PLC0415

    class Layer(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x - 1

    adopted: type[torch.nn.Module] = use_kernel_forward_from_hub(f"Layer{number}")(Layer)
    return adopted


def _expect(total: int, model: torch.nn.Module) -> None:
    found = float(model(torch.zeros(())))
    if found != total:
        message = f"the layers of the kernel give {total}, and the model gives {found}"
        raise RuntimeError(message)


def _first_and_again(work: Callable[[], None]) -> Iterator[_Step]:
    yield "first", _timed(work), 1
    yield "again", _typical(work), _REPEATS


def _typical(work: Callable[[], None]) -> dict[str, float]:
    samples = [_timed(work) for _ in range(_REPEATS)]
    return {clock: statistics.median(sample[clock] for sample in samples) for clock in samples[0]}


def _timed(work: Callable[[], None]) -> dict[str, float]:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return {"processor": time.process_time() - processor, "wall": time.perf_counter() - wall}


_SCENARIOS: dict[str, Callable[..., Iterator[_Step]]] = {
    "caller": _caller,
    "hub": _hub,
    "import": _import,
    "import names": _import_names,
    "local": _local,
    "locked": _locked,
    "many layers": _many_layers,
    "mapping": _mapping,
    "ten layers": _ten_layers,
}


def main() -> None:
    """Run one scenario."""
    gc.collect()  # else what importing Torch has left behind falls due in one step or another
    scenario, arguments = sys.argv[1:]
    try:
        for name, times, count in _SCENARIOS[scenario](**json.loads(arguments)):
            _say(step=name, times=times, count=count)
            sys.stdin.readline()
    except Exception as error:  # noqa: BLE001 - whatever one of the loaders cannot do is a result
        _say(error=f"{type(error).__name__}: {error}")


def _say(**document: Any) -> None:
    print(json.dumps(document), flush=True)


if __name__ == "__main__":
    main()
