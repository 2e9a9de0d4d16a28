"""Where there is no accelerator, the tests run in Triton's interpreter."""

import os

import torch

if not torch.accelerator.is_available():
    # Triton looks at it when it is imported, which the kernel does at the first call.
    os.environ.setdefault("TRITON_INTERPRET", "1")
