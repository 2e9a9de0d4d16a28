"""Fills a kernel's card: `CARD.md` in the project is a jinja2 template.

Variables: `repo_id`, `version`, `functions`, `layers`, `has_benchmark`, `upstream`, `source`, `license`, `backends`,
`variants` and `python_name`.
"""

import ast
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kernel_builder.config.model import KernelConfig
from kernel_builder.errors import CardError
from kernel_builder.project.metadata import UNKNOWN_LICENSE

__all__ = ["card_variables", "fill_card"]

#: What an expression of a template can raise, beside jinja2's own errors.
_FAULTS = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)


def fill_card(project_dir: Path, config: KernelConfig, variants: Iterable[str] = ()) -> str | None:
    """The filled card, or `None` when the project has no `CARD.md`.

    Args:
        project_dir: the folder of the project.
        config: what its build.toml says.
        variants: the names of the builds that there are.

    Raises:
        CardError: when the template cannot be filled; names the line.
    """
    template = project_dir / "CARD.md"
    if not template.is_file():
        return None
    if not template.resolve().is_relative_to(project_dir.resolve()):
        message = f"{template} is a link that leads out of the project"
        raise CardError(message, hint="Replace the link by the file.")
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    env = SandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True, autoescape=False
    )
    try:
        return env.from_string(template.read_text("utf-8")).render(card_variables(project_dir, config, variants))
    except (TemplateError, *_FAULTS) as error:
        line = getattr(error, "lineno", None) or _line_in_template(error)
        message = f"{template}{f':{line}' if line else ''}: {error}"
        raise CardError(message) from None


def _line_in_template(error: BaseException) -> int | None:
    """Where a template failed while it was filled; jinja2 rewrites the traceback to the template's own lines."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == "<template>"), None)


def card_variables(project_dir: Path, config: KernelConfig, variants: Iterable[str] = ()) -> dict[str, Any]:
    """What a card can say of a kernel; the arguments are those of `fill_card`."""
    general = config.general
    package = project_dir / config.python_dir
    public = _exported(package / "__init__.py")
    layers = [path for path in (package / "layers" / "__init__.py", package / "layers.py") if path.is_file()]
    return {
        "repo_id": general.hub.repo_id or f"OWNER/{general.name}",
        "version": general.version,
        "functions": [name for name in public if name != "layers"],
        "layers": _classes(layers[0]) if layers and "layers" in public else [],
        "has_benchmark": (project_dir / "benchmarks" / "benchmark.py").is_file(),
        "upstream": general.upstream_url,
        "source": general.source,
        "license": (general.license or UNKNOWN_LICENSE).lower(),
        "backends": list(general.backends),
        "variants": sorted(variants),
        "python_name": general.python_name,
    }


def _exported(path: Path) -> list[str]:
    """The strings of `__all__`, from its plain, annotated or augmented assignments."""
    names: list[str] = []
    for node in _parse(path).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        is_all = any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
        if is_all and isinstance(value, (ast.List, ast.Tuple)):
            names += [
                item.value for item in value.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)
            ]
    return names


def _classes(path: Path) -> list[str]:
    return [node.name for node in _parse(path).body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, MemoryError, RecursionError) as error:
        message = f"{path} cannot be read for the card: {error}"
        raise CardError(message, hint=f"Mend {path.name}.") from None
