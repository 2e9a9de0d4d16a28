#pragma once

#include <ATen/core/Tensor.h>

// Each backend defines these functions, and one backend is compiled into a build.
// The binding calls them only with tensors of one shape, one floating-point dtype,
// one device and one gap-free memory layout, with at least one element.

// out = input where input is positive or NaN, else 0.
void relu_dense(at::Tensor &out, at::Tensor const &input);

// grad_input = grad where result is positive, else 0.
void relu_backward_dense(at::Tensor &grad_input, at::Tensor const &grad, at::Tensor const &result);
