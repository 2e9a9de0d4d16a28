"""A Hub for tests: it speaks the Hub's protocol to the real client, on a port of this machine.

A test takes the fixture `hub`, or `hub_client` if the client of this process shall talk to it:

    hub_client.trust("org")
    commit = hub_client.commit("org/name", "v1", {"build/torch-universal/__init__.py": "value = 1"})
    assert commit == huggingface_hub.kernel_info("org/name", revision="v1").sha
    assert ["GET"] == [seen.method for seen in hub_client.requests]

For other processes there is `hub.env(folder)`; `faults` has what can go wrong; `python -m support.hub --help` tells
how to try things by hand.
"""

from support.hub import faults
from support.hub.client import client_environment
from support.hub.protocol import Record
from support.hub.server import HubServer

__all__ = ["HubServer", "Record", "client_environment", "faults"]
