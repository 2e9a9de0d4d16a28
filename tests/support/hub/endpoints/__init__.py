"""The endpoints of the Hub, by subject; importing this package makes all of them known to `answer`."""

from support.hub.endpoints import accounts, lfs, reading, repositories, uploads
from support.hub.routing import answer

__all__ = ["accounts", "answer", "lfs", "reading", "repositories", "uploads"]
