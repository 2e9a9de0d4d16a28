"""From plain TOML data to a `KernelConfig`."""

from dataclasses import dataclass, field
from typing import Any

from kernel_builder.config.editions import check_edition, detect_edition, missing_framework
from kernel_builder.config.findings import Finding
from kernel_builder.config.model import (
    FRAMEWORKS,
    General,
    KernelComponent,
    KernelConfig,
    NoarchExtension,
    TorchExtension,
    TvmFfiExtension,
)
from kernel_builder.config.positions import Positions
from kernel_builder.config.report import Report, closest
from kernel_builder.config.rules import check_rules
from kernel_builder.config.structure import is_table, read_table

__all__ = ["ReadResult", "read_document"]

_TABLES = ("general", *FRAMEWORKS, "kernel")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """What reading a `build.toml` gave.

    Attributes:
        config: the model; `None` when there is any error.
        findings: errors and warnings in the order of the file.
        edition: what the file was read as; `None` when it could not be told.
        positions: where the keys and values of the file stand.
    """

    config: KernelConfig | None
    findings: tuple[Finding, ...]
    edition: int | None = None
    positions: Positions = field(default_factory=Positions, repr=False, compare=False)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that make the file unusable."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def read_document(data: dict[str, Any], positions: Positions) -> ReadResult:
    """Read the data of a whole file, and note everything that is wrong with it."""
    report = Report(positions)
    edition = detect_edition(data, report)
    if edition is None:
        return ReadResult(config=None, findings=report.findings(), positions=positions)
    report.edition = edition
    _check_tables(data, report)
    general = _read_general(data, report)
    framework = _read_framework(data, report)
    kernels = _read_kernels(data, report)
    check_edition(data, report)
    check_rules(data, report)
    config = None
    if general is not None and framework is not None and not report.has_errors:
        config = KernelConfig(general=general, framework=framework, kernels=kernels)
    return ReadResult(config=config, findings=report.findings(), edition=edition, positions=positions)


def _check_tables(data: dict[str, Any], report: Report) -> None:
    unknown = {key: closest(key, _TABLES) for key in data if key not in _TABLES}
    for key, suggestion in unknown.items():
        report.error((key,), "unknown table or key", suggestion=suggestion, at_key=True)
    meant = {*data, *unknown.values()}
    if "general" not in meant:
        report.error(("general",), "missing table")
    frameworks = [key for key in data if key in FRAMEWORKS]
    for second in frameworks[1:]:
        message = f"a kernel has one framework, and [{frameworks[0]}] is there already"
        report.error((second,), message, at_key=True)
    if not any(key in meant for key in FRAMEWORKS):
        report.error((), missing_framework(report.edition))


def _read_general(data: dict[str, Any], report: Report) -> General | None:
    if "general" not in data:
        return None
    general = data["general"]
    if isinstance(general, dict):
        general = {key: value for key, value in general.items() if key != "edition"}
    return read_table(General, general, ("general",), report)


def _read_framework(data: dict[str, Any], report: Report) -> TorchExtension | NoarchExtension | TvmFfiExtension | None:
    read = [read_table(cls, data[key], (key,), report) for key, cls in FRAMEWORKS.items() if key in data]
    return read[0] if len(read) == 1 else None


def _read_kernels(data: dict[str, Any], report: Report) -> tuple[KernelComponent, ...]:
    kernels = data.get("kernel", {})
    if not is_table(kernels, ("kernel",), report):
        return ()
    read = [
        read_table(KernelComponent, component, ("kernel", name), report, id=name) for name, component in kernels.items()
    ]
    return tuple(kernel for kernel in read if kernel is not None)
