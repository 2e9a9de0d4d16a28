"""Changes the build matrix: adds or drops a Torch release, or changes whether compliant kernels need builds for it.

    python scripts/update_matrix.py add 2.14 --cuda 12.6 13.0 13.2 --rocm 7.2 --xpu 2026.0
    python scripts/update_matrix.py require 2.14
    python scripts/update_matrix.py waive 2.11
    python scripts/update_matrix.py drop 2.11

Which compute versions a release has is on PyTorch's installation page and in its release notes; no registry lists them.
Which releases are required is on the reference page 'Build variants'.
The result is read back before it is written, so that the file is always whole and valid.
"""

import argparse
import json
import sys
from typing import Any

from kernel_builder.matrix.rows import matrix_path, parse_matrix
from kernels.backend import MajorMinor
from kernels.errors import VariantNameError


def main() -> int:
    """Apply one change and say what it made of the matrix."""
    arguments = _parse()
    data = json.loads(matrix_path().read_text("utf-8"))
    releases = {release["version"]: release for release in data["torch"]}
    if (arguments.version in releases) == (arguments.command == "add"):
        known = ", ".join(releases)
        print(f"error: the matrix has the Torch releases {known}", file=sys.stderr)
        return 1
    if arguments.command == "drop":
        del releases[arguments.version]
    elif arguments.command == "add":
        releases[arguments.version] = _release(arguments)
    else:
        releases[arguments.version]["required"] = arguments.command == "require"
    try:
        data["torch"] = [releases[version] for version in sorted(releases, key=MajorMinor.parse)]
        rows = parse_matrix(data).rows
    except VariantNameError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    matrix_path().write_text(_format(data), "utf-8", newline="\n")
    print(f"{len(releases)} Torch releases, {len(rows)} worlds; run the tests, and say it in CHANGELOG.md")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="add a Torch release (with cpu and metal), which is not required yet")
    drop = commands.add_parser("drop", help="drop a Torch release")
    require = commands.add_parser("require", help="make the builds for a release part of what compliant kernels have")
    waive = commands.add_parser("waive", help="require them no longer")
    for command in (add, drop, require, waive):
        command.add_argument("version", help="the release, such as 2.14")
    for backend in ("cuda", "rocm", "xpu"):
        add.add_argument(f"--{backend}", nargs="+", default=[], metavar="VERSION")
    return parser.parse_args()


def _release(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "version": arguments.version,
        "required": False,
        "cpu": True,
        "metal": True,
        "cuda": arguments.cuda,
        "rocm": arguments.rocm,
        "xpu": arguments.xpu,
    }


def _format(data: dict[str, Any]) -> str:
    """JSON with one line for each short list, so that a change shows as the lines that it is."""
    text = json.dumps(data, indent=2)
    lines: list[str] = []
    depth_of_list = 0
    for line in text.splitlines():
        inside = depth_of_list > 0
        scalar_list = line.rstrip().endswith("[") and not line.strip().startswith('"torch"')
        depth_of_list += scalar_list - (inside and line.strip() in ("]", "],"))
        if inside:
            closing = line.strip() in ("]", "],")
            lines[-1] += line.strip() if closing or lines[-1].endswith("[") else " " + line.strip()
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
