"""One process of one loader, timed from without or by itself, with its requests counted."""

import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from benchmarks.loading.environments import Environment
from benchmarks.loading.hub import Hub
from benchmarks.loading.projects import KERNEL
from benchmarks.loading.rows import Measurement

__all__ = ["Failure", "Laboratory", "Sample", "Steps"]

_DRIVER = Path(__file__).with_name("driver.py")
#: The Hub client looks once a day for a list of the programs that use it. That day has begun.
_CLIENTS_LIST = (".agent_harnesses.json", '{"standardEnvVars": [], "harnesses": {}}')
_WHOLE_SNAPSHOT = (
    f"from huggingface_hub import snapshot_download; snapshot_download({KERNEL!r}, repo_type='kernel', revision='v1')"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One step: its seconds on two clocks, and how often it asked the Hub."""

    processor: float
    wall: float
    requests: float


@dataclass(frozen=True, slots=True)
class Failure:
    """What a loader could not do, in its words."""

    reason: str


@dataclass(slots=True)
class Steps:
    """What one process gave.

    Attributes:
        done: its steps.
        failure: why there are no more.
    """

    done: dict[str, Sample] = field(default_factory=dict)
    failure: Failure | None = None

    def of(self, step: str) -> Sample | Failure:
        """A step, or why it was not reached."""
        return self.done.get(step) or self.failure or Failure(f"there is no step {step!r}")


class Laboratory:
    """Where processes run: a Hub, and a folder with a cache for each loader, which has `KERNEL`.

    Args:
        hub: the Hub.
        folder: a folder for all files.
        environments: the loaders.
    """

    def __init__(self, hub: Hub, folder: Path, environments: Iterable[Environment]) -> None:
        self._hub = hub
        self._folder = folder
        for environment in environments:
            self._fill_cache(environment)

    def _fill_cache(self, environment: Environment) -> None:
        """Let a loader load the kernel, and the Hub client add what else the repository has."""
        home = self._home(environment)
        _make_home(home)
        warm = Measurement((), scenario="hub", arguments={"repo_id": KERNEL, "version": 1})
        self.measure(environment, warm)
        variables = environment.variables(self._hub.environment(str(home), False))
        command = [str(environment.python), "-I", "-c", _WHOLE_SNAPSHOT]
        subprocess.run(command, env=variables, check=True, capture_output=True)  # noqa: S603

    def measure(self, environment: Environment, measurement: Measurement) -> Steps:
        """Run one process."""
        with self._cache(environment, measurement) as home:
            variables = environment.variables(self._hub.environment(str(home), measurement.offline))
            self._hub.set_latency(measurement.latency)
            self._hub.take_requests()
            if measurement.scenario:
                return self._drive(environment, measurement, variables)
            return self._time(_command(environment, measurement), variables)

    def imports(self, environment: Environment, measurement: Measurement, module: str) -> bool:
        """Whether a command imports a module."""
        with self._cache(environment, measurement) as home:
            variables = environment.variables(self._hub.environment(str(home), False))
            variables["PYTHONPROFILEIMPORTTIME"] = "1"
            command = _command(environment, measurement)
            done = subprocess.run(  # noqa: S603
                command, env=variables, cwd=self._folder, capture_output=True, text=True, check=False
            )
        return any(line.rpartition("|")[2].strip() == module for line in done.stderr.splitlines())

    @contextmanager
    def _cache(self, environment: Environment, measurement: Measurement) -> Iterator[Path]:
        if not measurement.cold:
            yield self._home(environment)
            return
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            _make_home(Path(folder))
            yield Path(folder)

    def _home(self, environment: Environment) -> Path:
        return self._folder / environment.name

    def _time(self, command: list[str], variables: dict[str, str]) -> Steps:
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(  # noqa: S603
            command, env=variables, cwd=self._folder, capture_output=True, text=True, check=False
        )
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            return Steps(failure=_failure(done.returncode, done.stderr))
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Steps({"process": Sample(processor, wall, self._hub.take_requests())})

    def _drive(self, environment: Environment, measurement: Measurement, variables: dict[str, str]) -> Steps:
        command = [str(environment.python), "-I", str(_DRIVER), measurement.scenario, json.dumps(measurement.arguments)]
        steps = Steps()
        with (
            tempfile.TemporaryFile("w+") as errors,
            subprocess.Popen(  # noqa: S603
                command,
                env=variables,
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            for document in _documents(process):
                if "error" in document:
                    steps.failure = Failure(document["error"])
                else:
                    requests = self._hub.take_requests() / document["count"]
                    steps.done[document["step"]] = Sample(**document["times"], requests=requests)
            if process.wait() != 0:
                errors.seek(0)
                steps.failure = _failure(process.returncode, errors.read())
        return steps


def _documents(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    """What the driver says; when the next one is asked for, it is told to go on."""
    orders, answers = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
    for line in answers:
        if line.startswith("{"):
            yield json.loads(line)
            orders.write("\n")
            orders.flush()


def _command(environment: Environment, measurement: Measurement) -> list[str]:
    if measurement.kernels:
        return [str(environment.command), *measurement.kernels]
    return [str(environment.python), *measurement.python]


def _failure(status: int, errors: str) -> Failure:
    lines = errors.strip().splitlines()
    return Failure(f"exit status {status}: {lines[-1] if lines else ''}")


def _make_home(home: Path) -> None:
    home.mkdir(exist_ok=True)
    name, text = _CLIENTS_LIST
    (home / name).write_text(text, "utf-8")
