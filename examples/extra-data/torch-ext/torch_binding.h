#pragma once

#include <ATen/core/Tensor.h>

// out[i] = table[codes[i]] for contiguous tensors on the CPU: `codes` of uint8, `table` of float32 with 16 elements,
// `out` of float32 and twice as many elements, since each code is two numbers of four bits, the lower one first.
void lookup(at::Tensor &out, at::Tensor const &codes, at::Tensor const &table);
