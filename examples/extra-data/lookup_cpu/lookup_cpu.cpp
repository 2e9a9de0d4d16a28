#include <cstdint>

#include "torch_binding.h"

void lookup(at::Tensor &out, at::Tensor const &codes, at::Tensor const &table) {
  auto const *code = static_cast<uint8_t const *>(codes.const_data_ptr());
  auto const *number = static_cast<float const *>(table.const_data_ptr());
  auto *to = static_cast<float *>(out.mutable_data_ptr());
  int64_t const count = codes.numel();
  for (int64_t i = 0; i < count; ++i) {
    to[2 * i] = number[code[i] & 15];
    to[2 * i + 1] = number[code[i] >> 4];
  }
}
