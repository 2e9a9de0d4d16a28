#pragma once

// A tenth of the compile time of <torch/torch.h>, and all that a kernel needs.
#include <ATen/core/Tensor.h>

// The binding calls it only with contiguous tensors of one shape, one dtype and
// one device, with at least one element. `out` and `input` are the same memory,
// or memory that does not overlap.
void relu_dense(at::Tensor &out, at::Tensor const &input);
