"""The tables that lie beside this module, each read when it is first asked for."""

import json
from functools import lru_cache
from pathlib import Path

import torch

__all__ = ["FORMATS", "table"]

#: A build can lie anywhere: its files are found from its own code, never from the current folder.
_TABLES = json.loads((Path(__file__).parent / "data" / "tables.json").read_text("utf-8"))

FORMATS = tuple(_TABLES)


@lru_cache(maxsize=None)
def table(name: str) -> torch.Tensor:
    """Return the 16 numbers of a format, as float32 on the CPU.

    Raises:
        ValueError: there is no such format.

    """
    if name not in _TABLES:
        message = f"there is no format {name!r}; there are {', '.join(FORMATS)}"
        raise ValueError(message)
    return torch.tensor(_TABLES[name], dtype=torch.float32)
