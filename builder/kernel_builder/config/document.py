"""From plain TOML data to a `KernelConfig`."""

from dataclasses import dataclass, field
from typing import Any

from kernel_builder.config.editions.detect import IMPLICIT_EDITION, detect_edition
from kernel_builder.config.editions.keys import GENERAL, TABLES, meant
from kernel_builder.config.editions.lift import lift
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """What reading a `build.toml` gave.

    Attributes:
        config: the model; `None` when there is any error.
        findings: errors, warnings and notes in the order of the file.
        edition: what the file was read as; `None` when it could not be told.
        positions: where the keys and values of the model stand in the file.
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
    _check_tables(data, report)
    edition = detect_edition(data, report)
    if edition is None:
        return ReadResult(config=None, findings=report.findings(), positions=positions)
    report.edition = edition
    data = lift(data, report)
    general = _read_general(data, report)
    framework = _read_framework(data, report)
    kernels = _read_kernels(data, report)
    _check_framework(data, report)
    _check_license(data, report)
    check_rules(data, report)
    config = None
    if general is not None and framework is not None and not report.has_errors:
        config = KernelConfig(general=general, framework=framework, kernels=kernels)
    return ReadResult(config=config, findings=report.findings(), edition=edition, positions=report.positions)


def _check_tables(data: dict[str, Any], report: Report) -> None:
    for key in data:
        if key in GENERAL and key not in TABLES:
            report.error((key,), "is a key of [general]: move it there", at_key=True)
        elif key not in TABLES:
            report.error((key,), "unknown table or key", suggestion=closest(key, TABLES), at_key=True)
    frameworks = [key for key in data if key in FRAMEWORKS]
    for second in frameworks[1:]:
        message = f"a kernel has one framework, and [{frameworks[0]}] is there already"
        report.error((second,), message, at_key=True)


def _check_framework(data: dict[str, Any], report: Report) -> None:
    if meant(data, TABLES).keys() & FRAMEWORKS.keys():
        return
    message = "one of the tables [torch], [torch-noarch] and [tvm-ffi] is needed"
    if report.edition <= IMPLICIT_EDITION and "kernel" not in data:
        message += "; a Python-only kernel has [torch-noarch]"
    report.error((), message)


_LICENSE = 'a kernel needs a license to be published: add one, such as `license = "Apache-2.0"`'


def _check_license(data: dict[str, Any], report: Report) -> None:
    """Ask for a license in the editions that do without; the later ones require the key."""
    general = data.get("general")
    if report.edition <= IMPLICIT_EDITION and isinstance(general, dict) and "license" not in meant(general, GENERAL):
        report.warning(("general", "license"), _LICENSE, at_key=True)


def _read_general(data: dict[str, Any], report: Report) -> General | None:
    if "general" not in data:
        return None
    general = data["general"]
    if isinstance(general, dict):
        edition = meant(general, GENERAL).get("edition")
        general = {key: value for key, value in general.items() if key != edition}
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
