#pragma once

// A tenth of the compile time of <torch/torch.h>, and all that a kernel needs.
#include <ATen/core/Tensor.h>

// Each backend defines this function, and one backend is compiled into a build.
// The binding calls it only with tensors of one shape, one supported dtype, one
// device and one gap-free memory layout, with at least one element. `out` and
// `input` are the same memory, or memory that does not overlap.
void relu_dense(at::Tensor &out, at::Tensor const &input);
