"""The layout of a build: which files must be there, and which must not."""

from pathlib import Path

__all__ = ["check_layout"]


def check_layout(tree: Path, module: str) -> list[str]:
    """Look for the package, the metadata, the folder for older loaders, and what has no place in a build."""
    required = ("__init__.py", "metadata.json", f"{module}/__init__.py")
    problems = [f"{name} is missing" for name in required if not (tree / name).is_file()]
    compat = tree / module
    extra = sorted(path.name for path in compat.iterdir() if path.name != "__pycache__") if compat.is_dir() else []
    if extra not in ([], ["__init__.py"]):
        problems.append(
            f"{module}/ holds {', '.join(extra)}: that folder is for older loaders and has only an __init__.py; "
            "rename the package's own sub-package"
        )
    problems += [
        f"{path.relative_to(tree).as_posix()} is a link" for path in sorted(tree.rglob("*")) if path.is_symlink()
    ]
    return problems
