"""CUDA toolkits that are stand-ins: an nvcc that says its version and where it is, and the header that nvcc reads."""

from pathlib import Path

__all__ = ["install_nvcc", "install_wheels"]

_NVCC = """#!/bin/sh
case "$1" in
--version)
  echo "nvcc: NVIDIA (R) Cuda compiler driver"
  echo "Cuda compilation tools, release {release}, V{version}"
  ;;
--dryrun)
  echo "#$ TOP=$(cd "$(dirname "$0")" && pwd)/.." >&2
  ;;
*)
  exit 1
  ;;
esac
"""
#: As `crt/host_config.h` of every CUDA refuses compilers that are too new.
_HOST_CONFIG = """#if defined(__GNUC__)

#if __GNUC__ > {gcc}

#error -- unsupported GNU version! gcc versions later than {gcc} are not supported!

#endif /* __GNUC__ > {gcc} */

#if defined(__clang__)

#if (__clang_major__ >= {clang}) || (__clang_major__ < 3)
#error -- unsupported clang version! clang version must be less than {clang} and greater than 3.2 .

#endif

#endif
#endif
"""


def install_nvcc(root: Path, version: str = "13.0.88", *, gcc: int = 99, clang: int = 99) -> Path:
    """Make a toolkit, as NVIDIA's installer would.

    Args:
        root: its folder.
        version: the whole version of its compiler.
        gcc: the last version of gcc that it takes.
        clang: the first version of clang that it does not take.

    Returns:
        The compiler.
    """
    nvcc, header = root / "bin" / "nvcc", root / "include" / "crt" / "host_config.h"
    for path in (nvcc, header, root / "lib64" / "libcudart.so"):
        path.parent.mkdir(parents=True, exist_ok=True)
    nvcc.write_text(_NVCC.format(version=version, release=".".join(version.split(".")[:2])), "utf-8")
    nvcc.chmod(0o755)
    header.write_text(_HOST_CONFIG.format(gcc=gcc, clang=clang), "utf-8")
    (root / "lib64" / "libcudart.so").touch()
    return nvcc


def install_wheels(site: Path, version: str = "13.2.86") -> Path:
    """Make the folder that the CUDA packages of Python share, of a major version: `nvidia/cu13` for 13."""
    root = site / "nvidia" / f"cu{version.partition('.')[0]}"
    install_nvcc(root, version)
    (root / "lib64" / "libcudart.so").unlink()
    (root / "lib64").rename(root / "lib")
    for name in (f"libcudart.so.{version.partition('.')[0]}", "libcudart_static.a", "libnvvm.so.4"):
        (root / "lib" / name).write_text(name, "utf-8")
    (root / "nvvm").mkdir()
    return root
