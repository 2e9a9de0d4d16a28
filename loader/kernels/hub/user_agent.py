"""What the Hub is told about the program that asks: versions and the platform, nothing of the user.

`DISABLE_TELEMETRY`, `HF_HUB_DISABLE_TELEMETRY` and `DO_NOT_TRACK` silence it.
"""

import platform
from collections.abc import Iterator, Mapping
from contextlib import suppress

__all__ = ["describe_user_agent"]


def describe_user_agent(caller: str | Mapping[str, str] | None = None) -> dict[str, str | None]:
    """The user agent: what the calling program says of itself, and the facts that decide which build it gets.

    Returns:
        The arguments of the Hub client: the name and the version of this package, to which the client adds those of
        itself, Python and Torch, and `name/value` pairs with `; ` between them; nothing when telemetry is switched off.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_DISABLE_TELEMETRY:
        return {}
    said = caller if isinstance(caller, str) else "; ".join(f"{key}/{value}" for key, value in (caller or {}).items())
    parts = [part.strip() for part in said.split(";")]
    agent = "".join(sign for sign in "; ".join([*filter(None, parts), *_facts()]) if " " <= sign <= "~")
    return {"library_name": "kernels", "library_version": _version("kernels"), "user_agent": agent}


def _facts() -> Iterator[str]:
    from kernels.probe import probe_system

    with suppress(ImportError):  # of a Torch that has to be asked and cannot be imported
        system = probe_system()
        yield f"backend/{system.compute.tag}"
        yield f"platform/{system.platform}"
    yield "file_type/kernel"
    if found := _version("apache-tvm-ffi"):
        yield f"tvm-ffi/{found}"
    library, version = platform.libc_ver()
    if library and version:
        yield f"{library}/{version}"


def _version(distribution: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
