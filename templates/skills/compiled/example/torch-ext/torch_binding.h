#pragma once

// A tenth of the compile time of <torch/torch.h>, and all that a kernel needs.
#include <ATen/core/Tensor.h>

// Each backend defines this function, and one backend is compiled into a build. The binding calls it only with
// contiguous tensors of one supported dtype and one device, with at least one element. `weight` is as long as the rows
// of `input`; `out` has the shape of `input`, and is the same memory or memory that does not overlap.
void rms_norm_rows(at::Tensor &out, at::Tensor const &input, at::Tensor const &weight, double eps);
