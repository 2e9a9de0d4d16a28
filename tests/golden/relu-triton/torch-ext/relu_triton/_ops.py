"""The namespace of the kernel's operators. Written by kernel-builder."""

import torch


def _is_there(parent, name):
    backend = getattr(parent, name, None)
    return backend is not None and bool(getattr(backend, "is_available", lambda: True)())


def _find_ops_id():
    """The namespace for the backend that Torch computes on; the last one where it is none of the kernel's."""
    if torch.version.cuda:
        return "_relu_triton_cuda_0123456"
    if torch.version.hip:
        return "_relu_triton_rocm_0123456"
    if getattr(torch.version, "xpu", None):
        return "_relu_triton_xpu_0123456"
    return "_relu_triton_cpu_0123456"


_OPS_ID = _find_ops_id()

ops = getattr(torch.ops, _OPS_ID)


def add_op_namespace_prefix(op_name: str) -> str:
    """The full name of one of the kernel's operators: its namespace is unique to the kernel's version."""
    return _OPS_ID + "::" + op_name
