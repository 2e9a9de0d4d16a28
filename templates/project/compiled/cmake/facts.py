"""Prints the facts of the installed Torch or tvm-ffi that a build needs, without importing it (that takes seconds).

Standard library only, Python 3.9 and later. Usage: facts.py torch|tvm-ffi [cmake|json]
"""

import ast
import importlib.metadata
import importlib.util
import json
import platform
import sys
import sysconfig
from pathlib import Path
from typing import Any, Dict, List


def torch_facts() -> Dict[str, str]:
    """Read Torch's folder, versions and C++ ABI, and where Python's headers are, as a dict of strings."""
    root = _find("torch", "Torch", "torch")
    try:
        versions = _assignments((root / "version.py").read_text("utf-8"))
        version = versions["__version__"]
    except (OSError, SyntaxError, KeyError) as error:
        sys.exit(f"{root} is not a usable installation of Torch: {error!r}; install Torch again")
    python_include = Path(sysconfig.get_path("include"))
    return {
        "framework_root": root.as_posix(),
        "framework_version": version,
        "torch_cuda": versions.get("cuda") or "",
        "torch_hip": versions.get("hip") or "",
        "torch_xpu": versions.get("xpu") or "",
        "torch_metal": "1" if sys.platform == "darwin" and platform.machine() == "arm64" else "0",
        "torch_cxx11_abi": _cxx11_abi(root),
        "python_include": python_include.as_posix() if (python_include / "Python.h").is_file() else "",
        "python_library": (Path(sys.base_prefix) / "libs" / "python3.lib").as_posix(),
        "python_version": "{}.{}.{}".format(*sys.version_info[:3]),
    }


def tvm_ffi_facts() -> Dict[str, str]:
    """Read tvm-ffi's folder and version, and the library to link with, as a dict of strings."""
    root = _find("tvm_ffi", "tvm-ffi", "apache-tvm-ffi")
    name = {"win32": "tvm_ffi.lib", "darwin": "libtvm_ffi.dylib"}.get(sys.platform, "libtvm_ffi.so")
    try:
        version = importlib.metadata.version("apache-tvm-ffi")
    except importlib.metadata.PackageNotFoundError:
        version = ""
    if not version or not (root / "lib" / name).is_file() or not (root / "include" / "tvm" / "ffi").is_dir():
        sys.exit(
            f"{root} is not a usable installation of tvm-ffi: its version, headers or library are missing; "
            f"install it again with: {sys.executable} -m pip install --force-reinstall apache-tvm-ffi"
        )
    return {
        "framework_root": root.as_posix(),
        "framework_version": version,
        "tvm_ffi_library": (root / "lib" / name).as_posix(),
    }


def _find(module: str, name: str, package: str) -> Path:
    """Find the folder of an installed module."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.origin:
        sys.exit(
            f"{name} is not installed in {sys.prefix}; install it there with: {sys.executable} -m pip install {package}"
        )
    return Path(spec.origin).parent


def _assignments(source: str) -> Dict[str, Any]:
    """The constants that a module assigns, without running it."""
    found: Dict[str, Any] = {}
    for node in ast.parse(source).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if len(targets) == 1 and isinstance(targets[0], ast.Name) and isinstance(value, ast.Constant):
            found[targets[0].id] = value.value
    return found


def _cxx11_abi(root: Path) -> str:
    """Tell "0" for a Torch that was built with the old C++ ABI of GNU from "1" for all others."""
    config = root / "share" / "cmake" / "Torch" / "TorchConfig.cmake"
    old = config.is_file() and "_GLIBCXX_USE_CXX11_ABI=0" in config.read_text("utf-8", errors="replace")
    return "0" if old else "1"


def _as_cmake(facts: Dict[str, str]) -> str:
    lines = []
    for key, value in facts.items():
        # A bracket argument takes everything literally; the level outgrows any bracket in the value.
        level = "=" * (value.count("=") + 1)
        lines.append(f"set(KERNEL_{key.upper()} [{level}[{value}]{level}])\n")
    return "".join(lines)


def facts_of(framework: str) -> Dict[str, str]:
    """Give the facts of `torch` or `tvm-ffi`, with all of them as CMake code as one more: `cmake`."""
    facts = {"torch": torch_facts, "tvm-ffi": tvm_ffi_facts}[framework]()
    return {**facts, "cmake": _as_cmake(facts)}


def main(arguments: List[str]) -> None:
    """Print the facts as CMake code, or as JSON."""
    facts = facts_of(arguments[0])
    print(json.dumps(facts) if arguments[1:] == ["json"] else facts["cmake"], end="")


if __name__ == "__main__":
    main(sys.argv[1:])
