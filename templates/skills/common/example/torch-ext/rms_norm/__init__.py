"""RMS normalisation, as a function and as a layer."""

from . import layers
from .functions import rms_norm

__all__ = ["layers", "rms_norm"]
