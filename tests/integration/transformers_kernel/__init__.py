"""A kernel for transformers: plain Torch that notes which of its functions and layers were called."""

from . import layers
from .attention import flash_attn_forward, flash_attn_func, flash_attn_varlen_func
from .calls import calls

__all__ = ["calls", "flash_attn_forward", "flash_attn_func", "flash_attn_varlen_func", "layers"]
