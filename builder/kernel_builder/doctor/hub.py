"""The Hub: who we are to it, where it is, and room for what comes from it. The token itself is never shown."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.packages import command_line
from kernels.backend import BACKENDS

__all__ = ["examine_hub", "free_space"]

_TOPIC = "Hub"
_LOGIN = Remedy(commands=("hf auth login",))
#: A kernel's build for one world is rarely more; below this the next download or build is likely to fail.
_ENOUGH = 2 * 1024**3


def examine_hub(*, online: bool) -> list[Diagnosis]:
    """The token, the endpoint, and the cache of kernels.

    Args:
        online: whether to ask the Hub who the token belongs to; otherwise nothing is sent.
    """
    found = [_token(), _endpoint(), *_cache()]
    return [*found, _account()] if online else found


def _token() -> Diagnosis:
    from huggingface_hub import constants

    question = Question(id="hub-token", topic=_TOPIC, text="login", needed_for=("upload", "private kernels"))
    for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if os.environ.get(variable, "").strip():
            return question.yes(f"a token in {variable}")
    path = Path(constants.HF_TOKEN_PATH)
    try:
        has_token = bool(path.read_text("utf-8").strip())
    except FileNotFoundError:
        has_token = False
    except (OSError, UnicodeDecodeError) as error:
        return question.no(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'not text'}", _LOGIN)
    if has_token:
        return question.yes(f"a token in {path}")
    return question.no(f"no token in HF_TOKEN or {path}", _LOGIN)


def _endpoint() -> Diagnosis:
    from huggingface_hub import constants

    question = Question(id="hub-endpoint", topic=_TOPIC, text="endpoint", needed_for=("download", "upload"))
    where = "HF_ENDPOINT" if os.environ.get("HF_ENDPOINT") else "the default"
    address = _without_secrets(constants.ENDPOINT)
    if address is None:
        remedy = Remedy(step="Set HF_ENDPOINT to an address such as https://HOST, or unset it.")
        return question.no(f"{where} is no address of a server", remedy)
    if constants.HF_HUB_OFFLINE:
        remedy = Remedy(step="Unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE.")
        return question.no(f"{address}, but the environment forbids to ask it", remedy)
    return question.yes(f"{address} ({where})")


def _without_secrets(address: str) -> str | None:
    """The scheme, host and port of an address, which can hold a password; `None` for what is no such address."""
    try:
        parts = urlsplit(address)
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    except ValueError:
        return None
    return f"{parts.scheme}://{host}" if parts.scheme in ("http", "https") and host else None


def _account() -> Diagnosis:
    """Ask the Hub whom the token belongs to."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled

    question = Question(id="hub-account", topic=_TOPIC, text="account", needed_for=("upload",))
    try:
        return question.yes(str(HfApi().whoami()["name"]))
    except LocalTokenNotFoundError:
        return question.no("there is no token to ask with", _LOGIN)
    except OfflineModeIsEnabled:
        remedy = Remedy(step="Unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE.")
        return question.unknown("the environment forbids to ask the Hub", remedy)
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            remedy = Remedy(step="Make a new token and log in with it:", commands=("hf auth login --force",))
            return question.no(f"the Hub refuses the token (status {status})", remedy)
        return question.unknown(f"the Hub answers with status {status}", Remedy(step="Try again later."))
    except Exception as error:  # noqa: BLE001 - each version of the client has other errors of the network
        remedy = Remedy(step="Check the network, the proxy settings and HF_ENDPOINT.")
        return question.unknown(f"the Hub is out of reach ({type(error).__name__})", remedy)


def _cache() -> list[Diagnosis]:
    from huggingface_hub import constants

    named = os.environ.get("KERNELS_CACHE")
    folder = Path(named).expanduser().absolute() if named else Path(constants.HF_HUB_CACHE)
    question = Question(
        id="cache", topic=_TOPIC, text="cache of kernels", needed_for=("download", *uses("load", *BACKENDS))
    )
    place = _existing(folder)
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        return [question.yes(str(folder)), _space(folder)]
    if not place.is_dir():
        remedy = Remedy(step=f"Move {place} away, or name another folder in KERNELS_CACHE.")
        return [question.no(f"{place} is not a folder", remedy)]
    who = command_line("sudo", "chown", "-R", str(os.environ.get("USER") or "USER"), str(place))
    remedy = Remedy(step="Name a folder of yours in KERNELS_CACHE, or make this one yours:", commands=(who,))
    return [question.no(f"{place} is not writable", remedy)]


def _space(folder: Path) -> Diagnosis:
    remedy = Remedy(step="Free some space; this removes kernels from the cache:", commands=("kernels cache prune",))
    return free_space(Question(id="cache-space", topic=_TOPIC, text="room in the cache"), folder, remedy)


def free_space(question: Question, folder: Path, remedy: Remedy) -> Diagnosis:
    """Whether there is room for builds where a folder is, or where it would be made."""
    free = shutil.disk_usage(_existing(folder)).free
    shown = f"{free / 1024**3:.1f} GiB free"
    return question.yes(shown) if free >= _ENOUGH else question.no(f"only {shown} at {folder}", remedy)


def _existing(folder: Path) -> Path:
    """The nearest folder that exists, in which the others would be made."""
    return next(place for place in (folder, *folder.parents) if place.exists())
