#pragma once

// All headers of Torch here are of its stable ABI: those of torch/csrc/stable, and those of torch/headeronly, which
// need no library.
#include <torch/csrc/stable/tensor.h>

// Each backend defines this function, and one backend is compiled into a build.
// The binding calls it only with tensors of one shape, one supported dtype, one
// device and one gap-free memory layout, with at least one element. `out` and
// `input` are the same memory, or memory that does not overlap.
void relu_dense(torch::stable::Tensor const &out, torch::stable::Tensor const &input);
