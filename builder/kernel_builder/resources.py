"""Where the texts are that we generate from."""

from pathlib import Path

__all__ = ["templates_dir"]


def templates_dir() -> Path:
    """The folder of templates: package data of an installed wheel, `templates/` of the repository otherwise."""
    packaged = Path(__file__).parent / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "templates"
