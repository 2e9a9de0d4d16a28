#pragma once

#include <tvm/ffi/container/tensor.h>

// Each backend defines these two, and one backend is compiled into a build.

// The kind of device that it computes on.
extern DLDeviceType const device_type;

// The binding calls it only with contiguous tensors of one shape, one supported
// dtype (see `is_supported`) and one device, with at least one element. `out`
// and `input` are the same memory, or memory that does not overlap.
void relu_contiguous(tvm::ffi::TensorView out, tvm::ffi::TensorView input);
