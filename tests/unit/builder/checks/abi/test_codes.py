"""The table of kinds of findings."""

import re
from pathlib import Path

from kernel_builder.checks import abi
from kernel_builder.checks.abi.codes import CODES

_FOLDER = Path(abi.__file__).parent


def test_every_kind_has_its_words() -> None:
    """Each code is words with hyphens, and has a meaning and a remedy that are sentences."""
    for code, (meaning, remedy, severity) in CODES.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
        assert meaning.endswith(".")
        assert remedy.endswith(".")
        assert severity in ("error", "warning")


def test_every_kind_is_found_somewhere() -> None:
    """The table has the kinds that the checks find, and no others."""
    sources = [*_FOLDER.glob("*.py"), _FOLDER.parents[1] / "cli" / "check_abi.py"]
    text = "\n".join(path.read_text("utf-8") for path in sources if path.name != "codes.py")
    assert [] == [code for code in CODES if f'"{code}"' not in text]
    used = re.findall(r'(?:subject\.find|found)\(\s*"([a-z0-9-]+)"', text)
    assert [] == [code for code in used if code not in CODES]
