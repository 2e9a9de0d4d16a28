#include <cstdint>

#include <torch/csrc/stable/ops.h>
#include <torch/headeronly/core/Dispatch_v2.h>
#include <torch/headeronly/core/ScalarType.h>

#include "torch_binding.h"

namespace {

// What one thread takes at least; Torch's own element-wise operators take the same.
constexpr int64_t grain_size = 32768;

template <typename T> void relu_span(T *out, T const *input, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    // This way round, a NaN and a negative zero pass, as in torch.relu.
    out[i] = input[i] < T(0) ? T(0) : input[i];
  }
}

// Bit patterns above that of -0.0 and up to that of -inf are the negative
// numbers. Integer comparisons vectorize on every CPU, conversions to float do not.
void relu_span_16(uint16_t *out, uint16_t const *input, int64_t count, uint16_t negative_infinity) {
  constexpr uint16_t negative_zero = 0x8000;
  for (int64_t i = 0; i < count; ++i) {
    bool const negative = input[i] > negative_zero && input[i] <= negative_infinity;
    out[i] = negative ? uint16_t(0) : input[i];
  }
}

void relu_span(torch::headeronly::Half *out, torch::headeronly::Half const *input, int64_t count) {
  relu_span_16(reinterpret_cast<uint16_t *>(out), reinterpret_cast<uint16_t const *>(input), count, 0xFC00);
}

void relu_span(torch::headeronly::BFloat16 *out, torch::headeronly::BFloat16 const *input, int64_t count) {
  relu_span_16(reinterpret_cast<uint16_t *>(out), reinterpret_cast<uint16_t const *>(input), count, 0xFF80);
}

} // namespace

void relu_dense(torch::stable::Tensor const &out, torch::stable::Tensor const &input) {
  THO_DISPATCH_V2(
      input.scalar_type(), "relu", AT_WRAP([&] {
        scalar_t *to = static_cast<scalar_t *>(out.mutable_data_ptr());
        scalar_t const *from = static_cast<scalar_t const *>(input.const_data_ptr());
        torch::stable::parallel_for(0, input.numel(), grain_size, [=](int64_t begin, int64_t end) {
          relu_span(to + begin, from + begin, end - begin);
        });
      }),
      AT_EXPAND(AT_ALL_TYPES), torch::headeronly::ScalarType::Half, torch::headeronly::ScalarType::BFloat16);
}
