"""Sets the version of both distributions and closes the changelog's section of unreleased changes.

    python scripts/release.py [--dry-run] VERSION YYYY-MM-DD

Changes files only; committing, tagging and publishing are a person's steps.
"""

import argparse
import re
import sys
from pathlib import Path

__all__ = ["main", "released"]

ROOT = Path(__file__).resolve().parents[1]
_FILES = ("loader/pyproject.toml", "builder/pyproject.toml", "CHANGELOG.md")
#: Clients gate on 0.18.x; from 100 on the numbers are ours.
_VERSION = re.compile(r"0\.18\.[1-9]\d{2,}")


def released(texts: dict[str, str], version: str, date: str) -> dict[str, str]:
    """The texts of the files after a release. Raises ValueError if the version or a file is not as it should be."""
    if not _VERSION.fullmatch(version):
        message = f"{version} is not 0.18.x with x of 100 or more"
        raise ValueError(message)
    result = {}
    for name, text in texts.items():
        if name == "CHANGELOG.md":
            new, count = re.subn(r"(?m)^## Unreleased$", f"## Unreleased\n\n## {version} ({date})", text)
            wanted = 1
        else:
            new, count = re.subn(r'(?m)^(version = "|  "kernels==)[\d.]+"', rf'\g<1>{version}"', text)
            wanted = 2 if name.startswith("builder") else 1
        if count != wanted:
            message = f"{name} has {count} places to change, not {wanted}"
            raise ValueError(message)
        result[name] = new
    return result


def main() -> int:
    """Write the files, or with --dry-run say which would change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version")
    parser.add_argument("date")
    parser.add_argument("--dry-run", action="store_true")
    arguments = parser.parse_args()
    texts = {name: (ROOT / name).read_text("utf-8") for name in _FILES}
    for name, text in released(texts, arguments.version, arguments.date).items():
        print(name)
        if not arguments.dry_run:
            (ROOT / name).write_text(text, "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
