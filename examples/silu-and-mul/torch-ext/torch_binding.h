#pragma once

#include <ATen/core/Tensor.h>

// Each backend defines these functions, and one backend is compiled into a build.
// The binding calls them only with contiguous matrices of one floating-point dtype
// and one device, with at least one element: `input` has `2 * d` columns, and the
// halves of its rows are called x and y; the others have `d`.

// out = silu(x) * y
void silu_and_mul_rows(at::Tensor &out, at::Tensor const &input);

// The gradient of `input` for a gradient of `out`.
void silu_and_mul_backward_rows(at::Tensor &grad_input, at::Tensor const &grad, at::Tensor const &input);
