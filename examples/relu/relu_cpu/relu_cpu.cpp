#include <cstdint>

#include <ATen/Dispatch.h>
#include <ATen/TensorIterator.h>

#include "torch_binding.h"

namespace {

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

void relu_span(c10::Half *out, c10::Half const *input, int64_t count) {
  relu_span_16(reinterpret_cast<uint16_t *>(out), reinterpret_cast<uint16_t const *>(input), count, 0xFC00);
}

void relu_span(c10::BFloat16 *out, c10::BFloat16 const *input, int64_t count) {
  relu_span_16(reinterpret_cast<uint16_t *>(out), reinterpret_cast<uint16_t const *>(input), count, 0xFF80);
}

} // namespace

void relu_dense(at::Tensor &out, at::Tensor const &input) {
  // The iterator divides the work over Torch's own threads. at::parallel_for is
  // inlined here: it is serial without -fopenmp, and with it needs libgomp, a
  // library that a kernel may not depend on.
  at::TensorIterator iterator = at::TensorIteratorConfig().add_output(out).add_const_input(input).build();
  AT_DISPATCH_ALL_TYPES_AND2(at::kHalf, at::kBFloat16, input.scalar_type(), "relu", [&] {
    iterator.for_each([](char **data, int64_t const *strides, int64_t columns, int64_t rows) {
      // Tensors of one dense layout are one row, and the elements of a row are neighbours.
      for (int64_t row = 0; row < rows; ++row) {
        relu_span(reinterpret_cast<scalar_t *>(data[0] + row * strides[2]),
                  reinterpret_cast<scalar_t const *>(data[1] + row * strides[3]), columns);
      }
    });
  });
}
