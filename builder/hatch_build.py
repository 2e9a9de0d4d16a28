"""Brings the repository's `templates/` into the builder's sdist and wheel."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TemplatesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `templates/` as package data; an editable install reads it from the repository instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folder to include, unless this build is editable or starts from an sdist that has it."""
        templates = Path(self.root).parent / "templates"
        if version != "editable" and templates.is_dir():
            build_data["force_include"][str(templates)] = "kernel_builder/templates"
