"""A Hub to try things by hand, without an account and without the network.

In the folder `tests`, with a project that has been built:

    python -m support.hub --port 8900 --repo org/relu=../examples/relu --trust org

In another shell, what the server says on its first lines, for example:

    export HF_ENDPOINT=http://127.0.0.1:8900 HF_HOME=hub-cache HF_HUB_DISABLE_XET=1 HF_TOKEN=hf_tester
    python -c 'import kernels; print(kernels.get_kernel("org/relu", version=1))'

The token is of the user `tester`, who may write below every organization: uploads work as on the Hub.
Everything is forgotten when the server ends (Ctrl-C). Each request is one line on standard error.
"""

import argparse
import logging
import re
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

from support.hub.server import HubServer

__all__ = ["main"]


class _Repo(NamedTuple):
    repo_id: str
    version: int
    folder: Path


def _repo(text: str) -> _Repo:
    match = re.fullmatch(r"([^/=@]+/[^/=@]+)(?:@v?(\d+))?=(.+)", text)
    if match is None:
        message = f"expected owner/name=folder or owner/name@version=folder, got {text!r}"
        raise argparse.ArgumentTypeError(message)
    folder = Path(match[3])
    if not (folder / "build").is_dir():
        message = f"{folder} has no folder 'build': build the project first"
        raise argparse.ArgumentTypeError(message)
    return _Repo(match[1], int(match[2] or 1), folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m support.hub", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8900, help="where to listen; 0 takes a free port (default: 8900)")
    parser.add_argument(
        "--repo",
        type=_repo,
        action="append",
        default=[],
        metavar="OWNER/NAME[@VERSION]=FOLDER",
        help="publish the build trees of a project as version 1 or VERSION; can be given many times",
    )
    parser.add_argument("--trust", action="append", default=[], metavar="ORG", help="make a publisher trusted")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="time that every answer takes")
    parser.add_argument("--xet", type=Path, metavar="FOLDER", help="serve large files by Xet, from this folder")
    return parser


def main(arguments: list[str] | None = None) -> None:
    """Serve until the process is told to end."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with HubServer(options.port, xet=options.xet and options.xet.absolute()) as hub:
        hub.latency = options.latency
        for name in options.trust:
            hub.trust(name)
        for repo in options.repo:
            hub.publish(repo.folder, repo.repo_id, repo.version)
        environment = hub.env(Path(tempfile.gettempdir(), "hub-cache"), token=hub.token, xet=options.xet is not None)
        lines = "".join(f"export {name}={value}\n" for name, value in environment.items())
        sys.stdout.write(f"A Hub listens. In another shell:\n{lines}")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    main()
