"""Installations of oneAPI that are stand-ins: an icpx that notes what it is called with (see standins/icpx.py)."""

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["OneApi", "install_icpx"]

_PROGRAM = Path(__file__).with_name("standins") / "icpx.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneApi:
    """A stand-in of one release of oneAPI's compiler.

    Attributes:
        icpx: the compiler.
        record: the file that notes its calls.
    """

    icpx: Path
    record: Path

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call so far, but for those that ask for the version."""
        lines = self.record.read_text("utf-8").splitlines() if self.record.exists() else []
        return [json.loads(line) for line in lines]


def install_icpx(root: Path, version: str = "2025.3.2", *, sycl: Path | None = None) -> OneApi:
    """Put a stand-in where oneAPI has its compiler.

    Args:
        root: the folder that stands for `/opt/intel/oneapi`.
        version: the whole version of the compiler.
        sycl: the folder with SYCL's `include` and `lib` to compile for the host with; without, SYCL sources become
            objects that have nothing in them.
    """
    folder = root / "compiler" / ".".join(version.split(".")[:2])
    icpx, settings, record = folder / "bin" / "icpx", folder / "stand-in.json", folder / "calls.jsonl"
    icpx.parent.mkdir(parents=True)
    if sycl:
        (folder / "lib").symlink_to(sycl / "lib")
    document = {
        "version": version,
        "record": str(record),
        "compile": "host" if sycl else "nothing",
        "sycl": str(sycl) if sycl else None,
    }
    settings.write_text(json.dumps(document), "utf-8")
    command = shlex.join([sys.executable, "-IS", str(_PROGRAM), str(settings)])
    icpx.write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
    icpx.chmod(0o755)
    # The compiler for GPUs is only looked for: it would be run by the real icpx.
    ocloc = icpx.with_name("ocloc")
    ocloc.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    ocloc.chmod(0o755)
    return OneApi(icpx=icpx, record=record)
