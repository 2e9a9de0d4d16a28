"""Bringing files to a newer edition: all that they say stays, and all that need not change."""

import difflib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.editions import LATEST, data_of, seeded, written

from kernel_builder.config.positions import KeyPath, locate
from kernel_builder.config.reader import read_text
from kernel_builder.config.rewrite import TARGET_EDITIONS, rewrite
from kernel_builder.config.toml_edit import TomlEditor, comments
from kernel_builder.errors import ConfigError, InternalError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FILES = 60
_BOTH = [(edition, target) for edition in range(1, LATEST + 1) for target in TARGET_EDITIONS]


def _problems(text: str) -> list[str]:
    return [str(finding) for finding in read_text(text).findings if finding.severity != "note"]


@pytest.mark.parametrize(("edition", "target"), _BOTH)
def test_a_file_of_any_edition_is_brought_to_any_newer_one(edition: int, target: int) -> None:
    """It is of that edition then, says the same, has no finding and all comments; a second time changes nothing."""
    for rng in seeded(_FILES):
        old = written(data_of(edition, rng), rng)
        new = rewrite(old, target, license_id="MIT")
        before, after = read_text(old), read_text(new)
        assert before.config is not None
        license_id = before.config.general.license or ("MIT" if edition < target else None)
        config = replace(before.config, general=replace(before.config.general, license=license_id))
        assert (max(edition, target), config) == (after.edition, after.config), old
        assert ([] if license_id else _problems(old)) == _problems(new)
        assert not Counter(comments(old)) - Counter(comments(new))
        assert new == rewrite(new, target, license_id="MIT")


@pytest.mark.parametrize(("edition", "target"), _BOTH)
def test_only_what_had_to_change_changes(edition: int, target: int) -> None:
    """Each line that is gone has a key or a value that is gone; a file that is new enough stays as it is."""
    for rng in seeded(_FILES):
        old = written(data_of(edition, rng), rng)
        new = rewrite(old, target, license_id="MIT")
        changed = set(_changed(tomllib.loads(old), tomllib.loads(new)))
        owners = _owners(old)
        for line in _gone(old, new):
            assert owners[line] & changed, (line, old, new)
        assert (old == new) == (edition >= target)


def _gone(old: str, new: str) -> Iterator[int]:
    """The lines of the old text, from 0, that the new one has neither there nor, where a key has moved, elsewhere."""
    lines, after = old.splitlines(), new.splitlines()
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, lines, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield from (line for line in range(start, end) if lines[line] not in after)


def _owners(text: str) -> list[set[KeyPath]]:
    """The keys whose statement stands on each line; a table's header is of the table only where that is renamed."""
    positions = locate(text)
    lines: list[set[KeyPath]] = [set() for _ in text.splitlines()]
    for path in positions:
        line = positions.key(path).line - 1
        is_header = text.splitlines()[line].lstrip().startswith("[")
        if not is_header or path == ("torch",):
            lines[line].add(tuple(part for part in path if isinstance(part, str)))
    for index, owners in enumerate(lines):
        owners.update(lines[index - 1] if index and not owners else ())
    return lines


def _changed(old: Any, new: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The paths whose value is another one, or none."""
    if old != new:
        yield path
    for key, value in old.items() if isinstance(old, dict) else ():
        yield from _changed(value, new.get(key) if isinstance(new, dict) else None, (*path, key))


_EDITION_1 = """\
# A kernel.

[general]
name = "relu"   # its name

[torch]
src = ["binding.cpp"]
universal = false  # no

[kernel.relu]  # both
language = "cuda-hipify" # two
depends = ["torch", "cutlass_3_5"]
src = [
  # one
  "relu.cu",
]
hip-flags = ["-O3"]  # fast

# The other.
[kernel.gelu]
# Its files.
src = ["gelu.cu"]
depends = []
"""

_FROM_1_TO_5 = """\
# A kernel.

[general]
name = "relu"   # its name
version = 1
edition = 5
license = "MIT"
backends = ["cuda", "rocm"]

[torch]
src = ["binding.cpp"]
# no

[kernel.relu]  # both
backend = "cuda" # two
depends = ["torch", "cutlass_3_5"]
src = [
  # one
  "relu.cu",
]

[kernel.relu_rocm]
backend = "rocm"
depends = ["torch"]
src = [
  # one
  "relu.cu",
]
hip-flags = ["-O3"]  # fast

# The other.
[kernel.gelu]
backend = "cuda"
# Its files.
src = ["gelu.cu"]
depends = []
"""

_EDITION_2 = """\
[general]
name = "relu"
universal = true # all
cuda-minver = '12' # 12.x

[torch] # Python only
pyext = ["py"]
minver = "2.9" # none
"""

_FROM_2_TO_5 = """\
[general]
name = "relu"
version = 1
edition = 5
license = "MIT"
backends = ["cann", "cpu", "cuda", "metal", "neuron", "rocm", "xpu"] # all
cuda.minver = '12' # 12.x

[torch-noarch] # Python only
pyext = ["py"]
# none
"""

_EDITION_3 = '[general]\nname = "relu"\nbackends = ["cpu"]\nlicense = "MIT"\n'
_FROM_3_TO_5 = (
    '[general]\nname = "relu"\nversion = 1\nedition = 5\nbackends = ["cpu"]\nlicense = "MIT"\n\n[torch-noarch]\n'
)
_EDITION_5 = """\
[general]
name = "relu"
version = 1
license = "MIT"
edition = 5 # this
backends = ["cpu"]
torch = 1
[kernel]
a = { backend = "cpu", depends = [], src = ["a.cpp"] } # b
""".replace("torch = 1\n", "\n[torch]\n")
_FROM_5_TO_6 = _EDITION_5.replace("edition = 5", "edition = 6").replace('backend = "cpu"', 'language = "cpp-cpu"')


@pytest.mark.parametrize(
    ("target", "old", "new"),
    [
        (5, _EDITION_1, _FROM_1_TO_5),
        (5, _EDITION_2, _FROM_2_TO_5),
        (5, _EDITION_3, _FROM_3_TO_5),
        (4, _EDITION_3, _FROM_3_TO_5.replace("edition = 5\n", "")),
        (6, _EDITION_5, _FROM_5_TO_6),
    ],
)
def test_files_are_changed_as_a_person_would(target: int, old: str, new: str) -> None:
    """The whole texts, also with the other end of line."""
    assert new == rewrite(old, target, license_id="MIT")
    assert new.replace("\n", "\r\n") == rewrite(old.replace("\n", "\r\n"), target, license_id="MIT")


def test_versions_keep_their_spelling() -> None:
    """`13` is every 13.x, and `13.0` is not: to write the one for the other would lose builds."""
    text = _EDITION_2.replace("'12' # 12.x", "'13'\ncuda-maxver = \"13.0\"")
    assert "cuda.minver = '13'\ncuda.maxver = \"13.0\"\n" in rewrite(text, 5, license_id="MIT")


def test_a_license_is_asked_for() -> None:
    """The editions that require it name the key and the option; nothing is made up."""
    assert "license" not in rewrite(_EDITION_1, 4)
    with pytest.raises(ConfigError) as caught:
        rewrite(_EDITION_1, 5)
    assert ("general.license" in str(caught.value), "--license ID" in caught.value.hint) == (True, True)


@pytest.mark.parametrize("license_id", [None, "MIT"])
def test_a_license_that_is_there_stays(license_id: str | None) -> None:
    """The one that is given is for kernels that name none."""
    text = _EDITION_3.replace("MIT", "Apache-2.0")
    assert _FROM_3_TO_5.replace("MIT", "Apache-2.0") == rewrite(text, 5, license_id=license_id)


@pytest.mark.parametrize("target", TARGET_EDITIONS)
def test_a_broken_file_is_refused(target: int) -> None:
    """With all that is wrong, whatever its edition."""
    with pytest.raises(ConfigError) as caught:
        rewrite(_EDITION_1.replace("depends", "dpends").replace('"relu"', '"Relu"'), target, license_id="MIT")
    assert len([finding for finding in caught.value.findings if ": error: " in finding]) == 3


@pytest.mark.skipif("KERNELS_CORPUS" not in os.environ, reason="KERNELS_CORPUS names no folder of build.toml files")
@pytest.mark.parametrize("target", TARGET_EDITIONS)
def test_every_file_of_the_corpus_is_updated(target: int) -> None:
    """Real kernels' files are of edition 4 or 5: a line or two is added, and for edition 6 one a component changed."""
    for file in sorted(Path(os.environ["KERNELS_CORPUS"]).glob("*.toml")):
        old = file.read_bytes().decode()
        new = rewrite(old, target)
        before, after = read_text(old), read_text(new)
        assert before.config is not None
        assert before.edition is not None
        assert (max(before.edition, target), before.config) == (after.edition, after.config)
        assert comments(old) == comments(new)
        gone = len(list(_gone(old, new)))
        assert gone == (len(before.config.kernels) + (before.edition == 5) if target == 6 else 0)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda text: text.replace("backends =", "backend ="), "unknown key"),
        (lambda text: text.replace('"cuda", "rocm"', '"rocm", "cuda"'), "it would not say the same"),
        (lambda text: text.replace("# one", ""), "comments would be lost: # one"),
        (lambda text: text + "]", "not TOML"),
    ],
)
def test_a_result_that_would_do_harm_is_never_given(
    broken: Callable[[str], str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong with the edits, the result is read again and compared first."""
    edited = TomlEditor.text
    monkeypatch.setattr(TomlEditor, "text", lambda editor: broken(edited(editor)))
    with pytest.raises(InternalError, match="stays as it is") as caught:
        rewrite(_EDITION_1, 5, license_id="MIT")
    assert says in str(caught.value)
