"""The Hub: what a repository has, and getting it onto this machine; the only part that uses the Hub's client.

The client itself is imported when the Hub is first asked for something, which a kernel in the cache does not need.
"""

from kernels.hub.client import Client, HubFile
from kernels.hub.installation import install
from kernels.hub.location import Location, locate
from kernels.hub.repository import download, files_in, list_commits, list_files, list_variants, list_versions

__all__ = [
    "Client",
    "HubFile",
    "Location",
    "download",
    "files_in",
    "install",
    "list_commits",
    "list_files",
    "list_variants",
    "list_versions",
    "locate",
]
