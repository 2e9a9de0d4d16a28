"""A Torch for CUDA or XPU to build against: the installed wheel, which has the headers, with what its sibling adds.

The real ones take 0.5 GB, and the libraries of CUDA 4 GB more. A kernel that was built against these is the same, byte
for byte, as far as its own code goes: headers are those of the same release, and of libraries only names are linked.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from kernel_builder.cache import cache_dir
from kernel_builder.toolchain.cuda.toolkits import installed_toolkits

__all__ = ["cuda_torch", "rocm_torch", "xpu_torch"]

#: What goes into Torch's include folder: headers that Torch's build writes, and for CUDA shims of its libraries.
_CUDA, _XPU, _ROCM = (
    Path(__file__).with_name(name) for name in ("torch_headers", "torch_headers_xpu", "torch_headers_rocm")
)
#: Translates a folder of Torch's own headers as Torch's build for ROCm does: that makes c10/hip and ATen/hip.
_HIPIFY = """
import importlib, sys, types
package = types.ModuleType("translate")
package.__path__ = [sys.argv[1] + "/utils/hipify"]
sys.modules["translate"] = package
tool = importlib.import_module("translate.hipify_python")
tool.hipify(project_directory=sys.argv[2], output_directory=sys.argv[2], show_progress=False)
"""


def cuda_torch(folder: Path, cuda: str = "13.0") -> Path:
    """Make a folder for PYTHONPATH with a `torch` that says that it is for CUDA.

    It can be imported, and finds no GPU, as the real one does on a machine without.

    Args:
        folder: where to make it.
        cuda: the version of CUDA that it is for.
    """
    _sibling(folder, _CUDA, local=f"cu{cuda.replace('.', '')}", key="cuda", value=cuda)
    _link_runtime(folder / "torch" / "lib", f"libcudart.so.{cuda.partition('.')[0]}")
    return folder


def xpu_torch(folder: Path, xpu: str = "2026.0") -> Path:
    """Make a folder for PYTHONPATH with a `torch` that says that it is for XPU; as `cuda_torch` for the rest.

    Args:
        folder: where to make it.
        xpu: the release of oneAPI that it is for.
    """
    major, minor = map(int, xpu.split("."))
    # Torch writes the version of its SYCL as one number: the year, then two digits each of minor version and patch.
    return _sibling(folder, _XPU, local="xpu", key="xpu", value=f"{major}{minor:02}00")


def rocm_torch(folder: Path, rocm: str = "5.2") -> Path:
    """Make a folder for PYTHONPATH with a `torch` that says that it is for ROCm; as `cuda_torch` for the rest.

    Args:
        folder: where to make it.
        rocm: the version of ROCm that it is for.
    """
    _sibling(folder, _ROCM, local=f"rocm{rocm}", key="hip", value=f"{rocm}.0", more=(Path("c10"), Path("ATen")))
    include = folder / "torch" / "include"
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name) / "include"
        for part in ("c10/cuda", "ATen/cuda"):
            shutil.copytree(_installed() / "include" / part, tree / part)
            if (_CUDA / part).is_dir():
                shutil.copytree(_CUDA / part, tree / part, dirs_exist_ok=True)
        subprocess.run([sys.executable, "-c", _HIPIFY, _installed(), tree], check=True, capture_output=True)
        for part in ("c10/hip", "ATen/hip"):
            shutil.copytree(tree / part, include / part, dirs_exist_ok=True)
    return folder


def _sibling(folder: Path, headers: Path, *, local: str, key: str, value: str, more: tuple[Path, ...] = ()) -> Path:
    """Make a `torch` whose version is a local one, which assigns a value to a key, and which has some more headers.

    `more` names folders of headers that are to get further ones, afterwards.
    """
    installed, torch = _installed(), folder / "torch"
    _link(installed, torch, but=("include", "lib", "version.py", "__pycache__"))
    _link(installed / "lib", torch / "lib", but=("libtorch.so",))
    added = [path.relative_to(headers) for path in headers.rglob("*.h")]
    # Folders that get one more, and those around them, cannot be links; outer ones come first.
    completed = sorted({parent for path in added for parent in path.parents} | set(more))
    for name in completed:
        inner = [one.name for one in completed if one.parent == name]
        _link(installed / "include" / name, torch / "include" / name, but=inner)
    for header in added:
        (torch / "include" / header).symlink_to(headers / header)
    text = (installed / "version.py").read_text("utf-8")
    text = re.sub(r"^(__version__ = '[^+']*)[^']*", rf"\1+{local}", text, flags=re.MULTILINE)
    text, count = re.subn(rf"^({key}\b.*)= None$", rf"\1= '{value}'", text, flags=re.MULTILINE)
    assert count == 1
    (torch / "version.py").write_text(text, "utf-8")
    stubs = _stubs(headers / "symbols.txt")
    for library, code in stubs.items():
        _compile(torch / "lib" / library, code)
    # Empty in every Torch: what needs it gets all the others.
    _compile(torch / "lib" / "libtorch.so", "", ("libtorch_cpu.so", *stubs))
    return folder


def _link_runtime(folder: Path, name: str) -> None:
    """Let CUDA's run-time library come with Torch, as it does with the real one, where this machine has it."""
    toolkits = installed_toolkits(cache_dir("toolchains"))
    found = [path for toolkit in toolkits for path in toolkit.root.glob(f"lib*/{name}")]
    if found:
        (folder / name).symlink_to(found[0])
        library = folder / "libtorch_cuda.so"
        library.unlink()
        _compile(library, _stubs(_CUDA / "symbols.txt")[library.name], (name,))


def _installed() -> Path:
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _link(source: Path, target: Path, but: Iterable[str] = ()) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir() if source.is_dir() else ():
        if path.name not in but:
            (target / path.name).symlink_to(path)


def _stubs(symbols: Path) -> dict[str, str]:
    """Library → C code that defines the names which kernels take from it."""
    found: dict[str, str] = {}
    for line in symbols.read_text("utf-8").splitlines():
        if heading := re.fullmatch(r"\[(.+)\]", line):
            library = heading[1]
            found[library] = ""
        elif line and not line.startswith("#"):
            kind, _, name = line.rpartition(" ")
            found[library] += f"void *{name};\n" if kind == "object" else f"void {name}(void) {{}}\n"
    return found


def _compile(library: Path, code: str, needs: Iterable[str] = ()) -> None:
    needed = ["-Wl,--no-as-needed", *(str(library.with_name(name)) for name in needs)] if needs else []
    flags = ["-shared", "-fPIC", "-nostdlib", f"-Wl,-soname,{library.name}", "-Wl,-rpath,$ORIGIN"]
    flags.append("-Wl,--allow-shlib-undefined")
    command = ["gcc", *flags, "-xc", "-", "-xnone", *needed, "-o", str(library)]
    subprocess.run(command, input=code, check=True, encoding="utf-8")
