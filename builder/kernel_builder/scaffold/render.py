"""Renders the files of a new kernel: the same choices always give the same bytes.

The folders of `templates/init` are the plan: `any` is for every kernel, `<framework>/any` for those of a framework, and
`<framework>/<backend>` for those of a backend. `MODULE` in the name of a file or folder is the kernel's Python package.
What lies in the folder of a backend is what its component in `build.toml` lists.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kernel_builder.project.environment import environment
from kernel_builder.resources import templates_dir
from kernel_builder.scaffold.choices import Choice
from kernel_builder.scaffold.names import Names

__all__ = ["render"]

_SUFFIX = ".jinja"
#: Backends that compile the sources of another one.
_SHARED = {"rocm": "cuda"}
#: What the functions of a framework raise when their arguments do not fit.
_ERRORS = {"torch": "RuntimeError", "torch-noarch": "ValueError", "tvm-ffi": "ValueError"}


def render(names: Names, choice: Choice, license_id: str) -> dict[str, str]:
    """Render a new kernel.

    Args:
        names: what it is called.
        choice: what it is made for.
        license_id: its license, as the Hub spells it.

    Returns:
        POSIX path within the project → text, sorted.
    """
    framework = choice.framework
    folders = ["any", f"{framework}/any", *(f"{framework}/{_SHARED.get(one, one)}" for one in choice.backends)]
    templates = {path: source for folder in folders for path, source in _templates(folder, names.module)}
    values = _values(names, choice, license_id)
    files = {path: environment().get_template(source).render(values) for path, source in templates.items()}
    # The card is itself a template, which is filled when the kernel is built.
    files["CARD.md"] = (templates_dir() / "card" / "CARD.md").read_text("utf-8")
    return dict(sorted(files.items()))


def _templates(folder: str, module: str) -> list[tuple[str, str]]:
    """Each file that a folder of `templates/init` makes, with the name of its template; sorted."""
    top = templates_dir() / "init"
    names = [path.relative_to(top).as_posix() for path in (top / folder).rglob(f"*{_SUFFIX}")]
    return sorted(
        (name.removeprefix(f"{folder}/").removesuffix(_SUFFIX).replace("MODULE", module), f"init/{name}")
        for name in names
    )


def _values(names: Names, choice: Choice, license_id: str) -> dict[str, Any]:
    framework = choice.framework
    include = "tvm-ffi-ext" if framework == "tvm-ffi" else "torch-ext"
    extension = [path for path, _ in _templates(f"{framework}/any", names.module) if Path(path).suffix != ".py"]
    return {
        "name": names.name,
        "module": names.module,
        "function": names.function,
        "class_name": names.class_name,
        "repo_id": names.repo_id,
        "license": license_id,
        "framework": framework,
        "backends": choice.backends,
        "include": include,
        "python_dir": f"{include}/{names.module}",
        "extension": extension,
        "components": list(_components(names, choice)),
        "error": _ERRORS[framework],
    }


def _components(names: Names, choice: Choice) -> Iterator[dict[str, Any]]:
    for backend in choice.backends:
        folder = f"{choice.framework}/{_SHARED.get(backend, backend)}"
        sources = [path for path, _ in _templates(folder, names.module)]
        if sources:
            yield {
                "id": names.module if backend == "cuda" else f"{names.module}_{backend}",
                "backend": backend,
                "src": sources,
                "is_translated": backend in _SHARED,
            }
