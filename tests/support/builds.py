"""Small build trees, as a builder would leave them."""

import json
from pathlib import Path
from typing import Any

from kernels.digest import digest_tree

__all__ = ["MODULE", "OPS_ID", "make_build", "rewrite_metadata"]

MODULE = "demo_kernel"
OPS_ID = "_demo_kernel_cpu_abc1234"


def make_build(tree: Path, files: dict[str, str] | None = None, **metadata: Any) -> Path:
    """A whole build without a native module; `files` and `metadata` are added to what it has."""
    contents = {"__init__.py": "value = 1\n", f"{MODULE}/__init__.py": "", **(files or {})}
    for name, text in contents.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    document = {
        "name": "demo-kernel",
        "id": OPS_ID,
        "version": 1,
        "license": "MIT",
        "backend": {"type": "cpu"},
        "python-depends": [],
        "digest": {"algorithm": "sha256", "files": digest_tree(tree).files},
        **metadata,
    }
    (tree / "metadata.json").write_text(json.dumps(document), "utf-8")
    return tree


def rewrite_metadata(tree: Path, **metadata: Any) -> None:
    """Change keys of a build's metadata; `None` takes a key away, and a digest that is not given is written anew."""
    path = tree / "metadata.json"
    document = {
        **json.loads(path.read_text("utf-8")),
        "digest": {"algorithm": "sha256", "files": digest_tree(tree).files},
    }
    document = {key: value for key, value in {**document, **metadata}.items() if value is not None}
    path.write_text(json.dumps(document), "utf-8")
