"""Translates sources in CUDA to HIP with the tool that comes with Torch, which is not imported: that takes seconds.

Standard library and that tool only, Python 3.9 and later.

The tool writes beside what it reads, so it works on copies: of the sources, and of the headers of the kernel that they
include, which it translates where they need it and names anew in the translations.
"""

import argparse
import contextlib
import importlib
import io
import re
import sys
import tempfile
import types
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*("[^"\n]+"|<[^>\n]+>)', re.MULTILINE)
_COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
#: What has no counterpart in HIP, as far as the tool knows: functions, types and headers of CUDA that are still there.
_LEFT = re.compile(
    r"\b(?:cuda|cublas|cudnn|cufft|curand|cusolver|cusparse)[A-Z]\w*|(?<=<)cuda(?:_\w+\.h|/[\w/.]+)(?=>)"
)


def main(arguments: Optional[List[str]] = None) -> None:
    """Translate the sources of a component into a folder, where only what has changed is written."""
    given = _arguments().parse_args(arguments)
    top, tree, tool = given.top.resolve(), given.tree, _load(given.torch)
    sources = [source for source, _ in given.translate]
    texts = _read(sources, given.include, top)
    tree.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tree.parent) as name:
        # In a folder of that folder, because at the top the tool passes over some names, such as build.
        stage = Path(name).resolve() / "tree"
        for file, text in texts.items():
            (stage / file).parent.mkdir(parents=True, exist_ok=True)
            # The tool knows an include in this form only.
            (stage / file).write_text(_INCLUDE.sub(r"#include \1", text), "utf-8")
        made = _translate(tool, stage, sources, given.include)
        for source, translation in given.translate:
            if made.get(source) == source:
                # Nothing in it is CUDA's.
                (stage / translation).write_bytes((stage / source).read_bytes())
                made[source] = translation
            elif made.get(source) != translation:
                sys.exit(f"{source}: the tool of this Torch names its translation {made[source]}, not {translation}")
        for line in _left_over(stage, made, texts):
            print(line, file=sys.stderr)
        _bring_up_to_date(tree, stage, [translation for _, translation in given.translate])
    if given.depfile:
        parts = sorted((given.torch / "utils" / "hipify").glob("*.py"))
        _write_depfile(given.depfile, tree / given.translate[0][1], [*(top / file for file in texts), *parts])


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Translates sources in CUDA to HIP.")
    parser.add_argument("--torch", type=Path, required=True, help="the folder of Torch")
    parser.add_argument("--top", type=Path, required=True, help="the folder of the kernel")
    parser.add_argument("--tree", type=Path, required=True, help="the folder for translations")
    parser.add_argument("--depfile", type=Path, help="the file to write for Ninja or Make, with all that was read")
    parser.add_argument(
        "--include", action="append", default=[], help="a folder with headers, below that of the kernel"
    )
    names = ("SOURCE", "TRANSLATION")
    parser.add_argument(
        "--translate", nargs=2, action="append", required=True, metavar=names, help="below --top, --tree"
    )
    return parser


def _load(torch: Path) -> Any:
    """Torch's tool as a module of its own."""
    package = types.ModuleType("kernel_hipify")
    package.__path__ = [str(torch / "utils" / "hipify")]
    sys.modules[package.__name__] = package
    # Torch's folder is not for compiled Python.
    sys.dont_write_bytecode = True
    try:
        return importlib.import_module(f"{package.__name__}.hipify_python")
    except ImportError as error:
        sys.exit(f"the Torch in {torch} has no hipify, which translates CUDA to HIP ({error}); install Torch again")


def _read(sources: List[str], folders: List[str], top: Path) -> Dict[str, str]:
    """The texts of the sources, and of the files below the folder of the kernel that they include."""
    found: Dict[str, str] = {}
    waiting = list(reversed(sources))
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = text = (top / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            sys.exit(f"{name} cannot be translated to HIP: {error}")
        for included in _INCLUDE.findall(text):
            beside = [(top / name).parent] if included.startswith('"') else []
            places = (folder / included[1:-1] for folder in [*beside, *(top / folder for folder in folders)])
            waiting += [below for below in (_below(place, top) for place in places) if below][:1]
    return found


def _below(path: Path, top: Path) -> Optional[str]:
    """The name of a file within a folder; `None` for what is none or elsewhere."""
    if not path.is_relative_to(top):
        return None
    # Links are not followed: the name is the one that the file is included by.
    parts: List[str] = []
    for part in path.relative_to(top).parts:
        if part == ".." and not parts:
            return None
        parts = parts[:-1] if part == ".." else [*parts, part]
    name = "/".join(parts)
    return name if (top / name).is_file() else None


def _translate(tool: Any, stage: Path, sources: List[str], folders: List[str]) -> Dict[str, str]:
    """Run Torch's tool: the name of each file → that of what is compiled in its place, both within the stage."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        results = tool.hipify(
            project_directory=str(stage.parent),
            output_directory=str(stage.parent),
            extensions=sorted({path.suffix for path in stage.rglob("*") if path.suffix}),
            header_include_dirs=[str(stage / name) for name in folders],
            extra_files=[str(stage / name) for name in sources],
            hipify_extra_files_only=True,
            is_pytorch_extension=True,
            show_progress=False,
        )
    made = {Path(path): Path(result.hipified_path or path) for path, result in results.items()}
    return {old.relative_to(stage).as_posix(): new.relative_to(stage).as_posix() for old, new in made.items()}


def _left_over(stage: Path, made: Dict[str, str], texts: Dict[str, str]) -> Iterator[str]:
    """A warning, in the form of a compiler, for each line of a translation that still has a name of CUDA's."""
    for source, translation in sorted(made.items()):
        text = (stage / translation).read_text("utf-8")
        # Comments keep their lines.
        text = _COMMENTS.sub(lambda match: re.sub(r"[^\n]+", " ", match[0]), text)
        # What the tool adds are lines at the top.
        shift = texts[source].count("\n") - text.count("\n")
        for number, line in enumerate(text.split("\n"), 1 + shift):
            for name in dict.fromkeys(_LEFT.findall(line)):
                yield f"{source}:{number}: warning: {name} is not translated to HIP; guard it with #ifndef USE_ROCM"


def _bring_up_to_date(tree: Path, stage: Path, translations: List[str]) -> None:
    """Make the tree what the stage is; where that is nothing, no file is touched, so that nothing is compiled again."""
    wanted = {path.relative_to(stage): path.read_bytes() for path in stage.rglob("*") if path.is_file()}
    there = {path.relative_to(tree): path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    for name in there.keys() - wanted.keys():
        (tree / name).unlink()
    for name, content in wanted.items():
        # What the build knows of are translations of sources: they stand for the headers too.
        if there.get(name) != content or (there != wanted and name.as_posix() in translations):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(content)


def _write_depfile(depfile: Path, target: Path, needed: Iterable[Path]) -> None:
    names = [re.sub(r"([ #\\])", r"\\\1", path.as_posix()).replace("$", "$$") for path in (target, *needed)]
    depfile.write_text(f"{names[0]}: {' '.join(names[1:])}\n", "utf-8")


if __name__ == "__main__":
    main()
