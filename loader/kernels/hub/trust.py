"""Whose kernels may run: those of publishers that the Hub vouches for, and those that the caller allows."""

import logging
from collections.abc import Collection

from kernels.errors import HubUnreachableError, UntrustedKernelError
from kernels.hub.cache import RepositoryCache, is_offline
from kernels.hub.client import Client
from kernels.hub.once import lock_for

__all__ = ["check_trust"]

_LOGGER = logging.getLogger(__name__)
#: Hub, and publisher or repository → what the Hub said in this process.
_ANSWERS: dict[tuple[str, str], bool] = {}


def check_trust(repo_id: str, trust_remote_code: bool | Collection[str], client: Client, *, fresh: bool = True) -> None:
    """Make sure that code from a repository may run in this process.

    Args:
        repo_id: the repository.
        trust_remote_code: `True` allows every repository; a list allows the repositories and publishers in it, and
            the trusted publishers.
        client: whom to ask.
        fresh: whether the Hub must be asked once in this process; else what it said before counts.

    Raises:
        UntrustedKernelError: when the Hub does not vouch for the publisher.
        HubUnreachableError: when the Hub cannot be reached and has never been asked.
    """
    publisher = repo_id.partition("/")[0]
    if trust_remote_code is True or (trust_remote_code and {repo_id, publisher} & set(trust_remote_code)):
        return
    cache = RepositoryCache(repo_id)
    known = cache.known_trust(client.endpoint)
    if known is not True or (fresh and not is_offline()):
        known = _ask(repo_id, publisher, client, cache, known)
    if known is False:
        message = (
            f"{repo_id} is not from a trusted publisher: the Hub does not vouch for {publisher!r}. Loading it runs "
            "that publisher's code in this process; if you trust it, pass trust_remote_code=True"
        )
        raise UntrustedKernelError(message)


def _ask(repo_id: str, publisher: str, client: Client, cache: RepositoryCache, known: bool | None) -> bool | None:
    if is_offline():
        if known is None:
            _LOGGER.warning("the Hub may not be asked whether %s may be trusted; %s is loaded", publisher, repo_id)
        return known
    with lock_for(client.endpoint, publisher):
        answers = [_ANSWERS.get((client.endpoint, subject)) for subject in (publisher, repo_id)]
        answer = next((one for one in answers if one is not None), None)
        if answer is None:
            try:
                subject, answer = client.is_trusted(repo_id)
            except HubUnreachableError as error:
                return _without_answer(repo_id, publisher, known, error)
            _ANSWERS[client.endpoint, subject] = answer
    cache.remember_trust(client.endpoint, trusted=answer)
    return answer


def _without_answer(repo_id: str, publisher: str, known: bool | None, error: HubUnreachableError) -> bool | None:
    if known is None:
        message = (
            f"{error}, so it is not known whether {publisher!r}, the publisher of {repo_id}, is trusted; "
            "try again when the Hub can be reached"
        )
        raise HubUnreachableError(message) from error
    _LOGGER.warning("%s; whether %s is trusted was known from before", error, publisher)
    return known
