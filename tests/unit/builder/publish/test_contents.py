"""Which files of a build may leave, and what is in them."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.projects import git

from kernel_builder.publish import contents
from kernel_builder.publish.contents import gather_file, gather_tree

#: Secrets in the forms that their makers give them; put together here, so that no scanner takes this file for one.
HUB = "hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f"
SECRETS = {
    "a token of the Hub": HUB,
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a private key of PuTTY": "PuTTY-User-Key" + "-File-3: ssh-ed25519",
    "a token of GitHub": "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f5h",
    "a key of AWS": "AKIA" + "Z7Q2M4X6V8B1N3L5",
    "a token of PyPI": "pypi-AgE" + "IcHlwaS5vcmc" * 6,
    "a token of npm": "npm_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f5h",
}
#: Must not leave, whatever is in them; those that end with a slash are folders with a file.
MUST_NOT_LEAVE = (
    ".env", ".env.local", "prod.env", ".netrc", ".npmrc", ".pypirc", ".git-credentials", "credentials", ".Env",
    "credentials.json", "client_secret_1.json", "token", ".hf_token", "stored_tokens", ".bash_history", "MODULE.PEM",
    "id_rsa", "id_ed25519.pub", "server.key", "cert.pem", "store.p12", ".git/", ".gitignore", ".ssh/", ".aws/",
    ".huggingface/", ".idea/", ".vscode/", ".DS_Store", "Thumbs.db", "._module.py", "module.py.swp", ".module.py.swp",
    "module.py~", "#module.py#", "core", "core.4711", "vgcore.12", "crash.dmp", "build.log", ".venv/",
    ".pytest_cache/", "old.pyo",
)  # fmt: skip
#: What kernels have, and only looks like the others.
MAY_LEAVE = (
    "__init__.py", "_ops.py", "environment.py", "keys.py", "tokenizer.py", "token_ids.py", "core.py", "core/x.py",
    "env/x.py", "secrets/x.py", "git.py", "ssh.py", "metadata.json", "metadata.json.sigstore", "kernel.metallib",
    "_kernel_cpu_1.abi3.so", "LICENSE", "NOTICE.txt", "table.bin", "config.json", "py.typed", "log.py", "credits.md",
)  # fmt: skip


def _write(tree: Path, name: str, data: bytes = b"x") -> Path:
    path = tree / (f"{name}file" if name.endswith("/") else name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _paths(tree: Path) -> list[str]:
    return [file.path for file in gather_tree(tree, "build/v").files]


@pytest.mark.parametrize("size", [0, 1, 5000, (1 << 20) + 1])
def test_hashes(tmp_path: Path, size: int) -> None:
    """A file has the hash of its contents, and the id that git gives them."""
    data = b"a\n\0b" * size
    path = _write(tmp_path, "file.bin", data)

    (file,) = gather_tree(tmp_path, "build/v").files

    assert ("build/v/file.bin", path, len(data)) == (file.path, file.source, file.size)
    assert (hashlib.sha256(data).hexdigest(), git(tmp_path, "hash-object", str(path))) == (file.sha256, file.blob_id)


def test_files_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    """Files of folders at any depth are there, sorted by path."""
    for name in ("b/a.py", "b.py", "a/b/c/d.py", "b/.hidden"):
        _write(tmp_path, name)
    assert ["build/v/a/b/c/d.py", "build/v/b.py", "build/v/b/.hidden", "build/v/b/a.py"] == _paths(tmp_path)


@pytest.mark.parametrize("name", MUST_NOT_LEAVE)
@pytest.mark.parametrize("folder", ["", "deep/down/"])
def test_what_must_not_leave(tmp_path: Path, name: str, folder: str) -> None:
    """Each is refused by its path, once, with where it is and a reason; the others are gathered all the same."""
    path = _write(tmp_path, folder + name)
    _write(tmp_path, "module.py")

    found = gather_tree(tmp_path, "build/v")

    assert ["build/v/module.py"] == [file.path for file in found.files]
    (finding,) = found.findings
    assert ("error", f"build/v/{folder}{name}".rstrip("/")) == (finding.severity, finding.file)
    assert str(path if not name.endswith("/") else path.parent) in (finding.remedy or "")


@pytest.mark.parametrize("name", MAY_LEAVE)
def test_what_may_leave(tmp_path: Path, name: str) -> None:
    """The files of kernels are not taken for secrets."""
    _write(tmp_path, name)
    assert ([f"build/v/{name}"], ()) == (_paths(tmp_path), gather_tree(tmp_path, "build/v").findings)


def test_bytecode_is_left_out(tmp_path: Path) -> None:
    """What Python writes where it runs is no reason to refuse a build, and is not uploaded."""
    for name in ("a.py", "a.pyc", "__pycache__/a.cpython-311.pyc", "b/__pycache__/anything"):
        _write(tmp_path, name)
    assert (["build/v/a.py"], ()) == (_paths(tmp_path), gather_tree(tmp_path, "build/v").findings)


@pytest.mark.parametrize("what", SECRETS)
@pytest.mark.parametrize("before", [b"", b"x = 1\n" * 7, b"# line\r\n" * 300_000])
def test_secrets_in_texts(tmp_path: Path, what: str, before: bytes) -> None:
    """A secret is told with its file and line, and is itself in no word of that."""
    secret = SECRETS[what]
    path = _write(tmp_path, "config.py", before + f'value = "{secret}"\n'.encode())

    found = gather_tree(tmp_path, "build/v")

    (finding,) = found.findings
    place = f"build/v/config.py:{before.count(10) + 1}"
    assert ((), place, f"holds what looks like {what}") == (found.files, finding.place, finding.message)
    assert str(path) in (finding.remedy or "")
    assert secret[8:] not in f"{finding} {finding.as_json()}"


@pytest.mark.parametrize(
    "text",
    [
        "hf_" + "x" * 37,
        "hf_attention",
        "shf_" + HUB[3:],
        "-----BEGIN PUBLIC KEY-----",
        "hf_short1234",
        "AKIA" + "X" * 16,
    ],
)
def test_texts_without_secrets(tmp_path: Path, text: str) -> None:
    """Examples, names and public keys are no secrets."""
    _write(tmp_path, "module.py", text.encode())
    assert ["build/v/module.py"] == _paths(tmp_path)


def test_libraries_are_not_searched(tmp_path: Path) -> None:
    """The names in a library can look like anything."""
    _write(tmp_path, "kernel.so", b"\x7fELF\0" + HUB.encode())
    assert ["build/v/kernel.so"] == _paths(tmp_path)


def test_the_token_of_the_hub_of_the_tests_would_be_found(tmp_path: Path) -> None:
    """A token that stands in the middle of a line of JSON is found."""
    _write(tmp_path, "config.json", json.dumps({"auth": [f"Bearer {HUB}"]}).encode())
    assert [] == _paths(tmp_path)


def test_links_within_a_build(tmp_path: Path) -> None:
    """A link to a file of the build is that file; the build itself may be behind a link."""
    _write(tmp_path / "tree", "a.py", b"text")
    (tmp_path / "tree" / "b.py").symlink_to("a.py")
    (tmp_path / "result").symlink_to("tree")

    a, b = gather_tree(tmp_path / "result", "build/v").files

    assert (a.sha256, "build/v/b.py") == (b.sha256, b.path)


@pytest.mark.parametrize("target", ["../secret.py", "/proc/self/environ", "../tree2/a.py", "folder", "missing", "loop"])
def test_links_that_are_refused(tmp_path: Path, target: str) -> None:
    """A link out of the build, to a folder, to nothing, or to itself is refused, and nothing behind it is read."""
    tree = tmp_path / "tree"
    for path in ("tree/folder/a.py", "secret.py", "tree2/a.py"):
        _write(tmp_path, path)
    (tree / "loop").symlink_to(target)

    found = gather_tree(tree, "build/v")

    assert ["build/v/folder/a.py"] == [file.path for file in found.files]
    assert [("link", "build/v/loop")] == [(finding.code, finding.file) for finding in found.findings]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe(tmp_path: Path) -> None:
    """A pipe, which would never end, is refused and not read."""
    os.mkfifo(tmp_path / "pipe")
    (finding,) = gather_tree(tmp_path, "build/v").findings
    assert ("special-file", "build/v/pipe") == (finding.code, finding.file)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize("name", ["a\nb.py", "a\\b.py", "a\x1b[2Jb.py", "a\udcff.py"])
def test_names_that_no_branch_has(tmp_path: Path, name: str) -> None:
    """Names that are no text, or no path elsewhere, are refused."""
    _write(tmp_path, name)
    (finding,) = gather_tree(tmp_path, "build/v").findings
    assert ("file-name", f"build/v/{name}") == (finding.code, finding.file)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs a file whose size is not that of its contents")
def test_a_file_that_changes(tmp_path: Path) -> None:
    """A file that is longer or shorter than it was when it was opened is refused."""
    (finding,) = gather_file(Path("/proc/version"), "README.md", Path("/proc")).findings
    assert ("changing", "README.md") == (finding.code, finding.file)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_what_cannot_be_read(tmp_path: Path) -> None:
    """A file and a folder that cannot be read are named, both."""
    _write(tmp_path, "a.py").chmod(0)
    _write(tmp_path, "folder/b.py").parent.chmod(0)
    assert ["unreadable", "unreadable"] == [finding.code for finding in gather_tree(tmp_path, "build/v").findings]
    (tmp_path / "folder").chmod(0o700)


def test_each_file_is_read_once(tmp_path: Path) -> None:
    """Both hashes and the search take one reading."""
    path = _write(tmp_path, "tree/a.py", b"text\n" * 500_000)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from kernel_builder.publish.contents import gather_tree\n"
        "seen = []\n"
        "sys.addaudithook(lambda event, args: seen.append(args[0]) if event == 'open' else None)\n"
        "gather_tree(Path(sys.argv[1]), 'build/v')\n"
        "print(sum(str(one) == sys.argv[2] for one in seen))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "tree"), str(path)]
    assert "1" == subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_patterns() -> None:
    """The data say where they are from; names are in lower case, and every group has a reason."""
    document = json.loads(Path(contents.__file__).with_name("unpublishable.json").read_text("utf-8"))
    assert ["doc", "names", "texts"] == list(document)
    for group in document["names"]:
        assert ["code", "files", "folders", "why"] == sorted(group)
        for patterns in (group["files"], group["folders"]):
            assert ([pattern.lower() for pattern in patterns], len(patterns)) == (patterns, len(set(patterns)))
    assert set(SECRETS) == {text["what"] for text in document["texts"]}
