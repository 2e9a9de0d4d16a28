"""Point the Hub client of this process at the Hub of the tests."""

import importlib
from pathlib import Path

import pytest
from support.hub.server import HubServer

__all__ = ["client_environment"]


def client_environment(
    monkeypatch: pytest.MonkeyPatch,
    hub: HubServer,
    home: Path,
    *,
    token: str = "",
    xet: bool = False,
    offline: bool = False,
) -> None:
    """Let this process and the processes that it starts talk to a Hub and keep files below a folder.

    The client reads its environment when it is imported; what it read is set anew here, for every version that the
    loader supports. What the client asks by itself, once in a process, it asks here: `hub.requests` starts empty.
    A test can call this again, for example to go offline with the files that it has.

    Args:
        monkeypatch: Puts everything back.
        hub: The Hub.
        home: Stands for `HF_HOME`; the cache is `hub/` below it.
        token: What `hub.user` gave, or nothing for a stranger.
        xet: Whether files may come by Xet.
        offline: Whether the client is told not to use the network.
    """
    environment = hub.env(home, token=token, xet=xet, offline=offline)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name in ("HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    constants = {
        "ENDPOINT": hub.endpoint,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HUGGINGFACE_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_STORED_TOKENS_PATH": str(home / "stored_tokens"),
        "HF_XET_CACHE": str(home / "xet"),
        "HF_HUB_DISABLE_XET": not xet,
        "HF_HUB_OFFLINE": offline,
    }
    module = importlib.import_module("huggingface_hub.constants")
    for name, constant in constants.items():
        monkeypatch.setattr(module, name, constant)
    monkeypatch.setattr(importlib.import_module("huggingface_hub.hf_api").api, "endpoint", hub.endpoint)
    importlib.import_module("huggingface_hub.utils._xet").XET_CONNECTION_INFO_CACHE.clear()
    importlib.import_module("huggingface_hub.utils._http").close_session()
    importlib.import_module("huggingface_hub.utils").build_hf_headers()
    hub.clear_requests()
