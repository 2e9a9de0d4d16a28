"""Make an environment: `env.py PREFIX PACKAGE...`, with the packages in its path and their commands in its `bin`."""

import sys
import venv
from importlib.metadata import distributions
from pathlib import Path


def make(prefix: Path, packages: "list[Path]") -> None:
    """Make a virtual environment that sees packages where they are."""
    venv.EnvBuilder(symlinks=True).create(prefix)
    inside = Path("lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    sites = [package / inside for package in packages if (package / inside).is_dir()]
    lines = ["import site", *(f"site.addsitedir({str(site)!r})" for site in sites)]
    (prefix / inside / "packages.pth").write_text("; ".join(lines) + "\n", "utf-8")
    for distribution in distributions(path=[str(site) for site in sites]):
        for command in distribution.entry_points.select(group="console_scripts"):
            script = prefix / "bin" / command.name
            script.write_text(
                f"#!{prefix}/bin/python3\nimport sys\nfrom {command.module} import {command.attr.split('.')[0]}\n"
                f"sys.exit({command.attr}())\n",
                "utf-8",
            )
            script.chmod(0o755)


if __name__ == "__main__":
    make(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
