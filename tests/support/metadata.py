"""Documents that are a `metadata.json`: with what is required, and with every key."""

from typing import Any

__all__ = ["COMMIT", "FULL", "MINIMAL"]

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MINIMAL: dict[str, Any] = {
    "id": "_mykernel_cuda_7a4e5a7",
    "name": "my-kernel",
    "version": 1,
    "license": "Apache-2.0",
    "backend": {"type": "cuda"},
}
FULL: dict[str, Any] = {
    **MINIMAL,
    "backend": {"type": "cuda", "archs": ["8.0", "9.0+PTX"], "future": 1},
    "upstream": "https://example.org/upstream",
    "source": "git@example.org:o/r",
    "python-depends": ["einops"],
    "python-depends-backends": {"cuda": ["nvidia-cutlass-dsl", "einops"], "xpu": ["onednn"]},
    "kernel-depends": [{"repo-id": "o/one", "version": 2}, {"repo-id": "o/two", "revision": "main"}],
    "digest": {"algorithm": "sha256", "files": {"b.py": "Yg==", "a.py": "YQ=="}},
    "provenance": {"kernel-builder": {"version": "1"}, "kernel": {"sha": COMMIT, "dirty": False}},
    "kernels-minver": "0.17.0",
    "future": [1, 2],
}
