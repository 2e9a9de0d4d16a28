"""Which files a backend's compiler takes, told by their endings."""

from functools import cache

from kernel_builder.config import names
from kernel_builder.config.report import shown

__all__ = ["is_compiled", "refused_source"]


def is_compiled(file: str) -> bool:
    """Whether any backend compiles the file, or refuses it as a source; headers and tables are neither."""
    return _ending(file) in _languages()


def refused_source(backend: str, file: str) -> str | None:
    """Say why a file cannot be a source of the backend, or `None`: its compiler takes it, or it is no source."""
    taken = names.compiled_endings()[backend]
    ending = _ending(file)
    if ending in taken or ending.lower() not in _languages():
        return None
    return f"{shown(file)} is not compiled for {backend}, which takes {', '.join(f'.{one}' for one in taken)}"


def _ending(file: str) -> str:
    return file.rpartition(".")[2] if "." in file else ""


@cache
def _languages() -> frozenset[str]:
    return frozenset({"c", *(ending for endings in names.compiled_endings().values() for ending in endings)})
