"""Puts the files of one build together: the layout that the loader and the Hub expect.

::

    <variant>/__init__.py and the other Python files of the extension
    <variant>/_ops.py
    <variant>/<ops id>.abi3.so        .so, .dylib or .dll with tvm-ffi, .pyd with Torch on Windows, none in Python only
    <variant>/metadata.json
    <variant>/<module>/__init__.py    the same kernel, for older loaders
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from kernel_builder.config.model import KernelConfig
from kernel_builder.errors import BuilderError
from kernel_builder.project.environment import environment
from kernels.digest import digest_tree

__all__ = ["assemble"]


def assemble(
    stage: Path, *, config: KernelConfig, project_dir: Path, made: tuple[Path, ...], metadata: dict[str, Any]
) -> None:
    """Fill an empty folder with a build.

    Args:
        stage: the folder.
        config: the kernel.
        project_dir: its project.
        made: the files that were made for the build (the library and `_ops.py`), which go to the top.
        metadata: the metadata without the digest, which is added here.

    Raises:
        BuilderError: when a Python file of the project leads out of it through a link, a folder is a link, or a file
            is where the folder for older loaders goes.
    """
    _copy_python(project_dir, config, stage)
    for path in made:
        shutil.copyfile(path, stage / path.name)
    compat = stage / config.general.python_name
    if compat.exists():
        message = f"{config.python_dir} holds {compat.name}/, which is the folder for older loaders in a build"
        raise BuilderError(message, hint="Rename the package's own sub-package.")
    compat.mkdir()
    template = environment().get_template("tree/compat.py.jinja")
    (compat / "__init__.py").write_text(template.render(ops_id=metadata["id"]), "utf-8", newline="\n")
    digest = digest_tree(stage)
    document = {**metadata, "digest": {"algorithm": digest.algorithm, "files": digest.files}}
    document["provenance"] = document.pop("provenance")  # after the digest, where the format has it
    (stage / "metadata.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8", newline="\n")


def _copy_python(project_dir: Path, config: KernelConfig, stage: Path) -> None:
    source = project_dir / config.python_dir
    extensions = tuple(f".{extension}" for extension in config.framework.pyext)
    inside = project_dir.resolve()
    for folder, folders, files in os.walk(source):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        if links := [name for name in folders if (Path(folder) / name).is_symlink()]:
            message = f"{Path(folder) / links[0]} is a link to a folder"
            raise BuilderError(message, hint="Replace the link by the folder.")
        for name in sorted(files):
            path = Path(folder) / name
            relative = path.relative_to(source)
            if not name.endswith(extensions) or relative == Path("_ops.py"):
                continue
            if not path.resolve().is_relative_to(inside):
                message = f"{path} is a link that leads out of the project"
                raise BuilderError(message, hint="Replace the link by the file.")
            if relative == Path("metadata.json"):
                message = f"{path} would be lost: a build's metadata.json is written by kernel-builder"
                raise BuilderError(message, hint="Rename the file.")
            (stage / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, stage / relative)
