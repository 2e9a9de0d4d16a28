#include <cstdint>
#include <limits>

#include <ATen/Dispatch.h>
#include <ATen/TensorIterator.h>

#include "torch_binding.h"

namespace {

// This way round, a NaN and a negative zero pass, as in torch.relu.
template <typename T> C10_ALWAYS_INLINE T relu(T x) { return x < T(0) ? T(0) : x; }

// Bit patterns above that of -0.0 and up to that of -inf are the negative numbers.
// Integer comparisons vectorize on every CPU, conversions to float do not.
template <typename T> C10_ALWAYS_INLINE T relu_16(T x) {
  constexpr uint16_t negative_zero = 0x8000;
  constexpr uint16_t negative_infinity = negative_zero | std::numeric_limits<T>::infinity().x;
  x.x = x.x > negative_zero && x.x <= negative_infinity ? 0 : x.x;
  return x;
}

C10_ALWAYS_INLINE c10::Half relu(c10::Half x) { return relu_16(x); }
C10_ALWAYS_INLINE c10::BFloat16 relu(c10::BFloat16 x) { return relu_16(x); }

// For elements that are neighbours in memory.
template <typename T> C10_ALWAYS_INLINE void relu_span(T *out, T const *input, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    out[i] = relu(input[i]);
  }
}

#if defined(__x86_64__)
// The same loop, which becomes a part of this function, in registers that are
// twice as wide as those that every x86-64 CPU has.
template <typename T> [[gnu::target("avx2")]] void relu_span_avx2(T *out, T const *input, int64_t count) {
  relu_span(out, input, count);
}
#endif

template <typename T> auto relu_span_of_this_cpu() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    return &relu_span_avx2<T>;
  }
#endif
  return &relu_span<T>;
}

} // namespace

void relu_dense(at::Tensor &out, at::Tensor const &input) {
  AT_DISPATCH_ALL_TYPES_AND2(at::kHalf, at::kBFloat16, input.scalar_type(), "relu", [&] {
    auto const span = relu_span_of_this_cpu<scalar_t>();
    if (input.numel() <= at::internal::GRAIN_SIZE) {
      // Too little to divide, and the work takes no longer than to prepare for that.
      span(out.mutable_data_ptr<scalar_t>(), input.const_data_ptr<scalar_t>(), input.numel());
      return;
    }
    // The iterator divides the work over Torch's own threads. at::parallel_for is
    // inlined here: it is serial without -fopenmp, and with it needs libgomp, a
    // library that a kernel may not depend on.
    at::TensorIterator iterator = at::TensorIteratorConfig()
                                      .set_check_mem_overlap(false) // the binding has checked that
                                      .add_output(out)
                                      .add_const_input(input)
                                      .build();
    iterator.for_each([span](char **data, int64_t const *strides, int64_t columns, int64_t rows) {
      // Tensors of one dense layout are one row, and the elements of a row are neighbours.
      for (int64_t row = 0; row < rows; ++row) {
        span(reinterpret_cast<scalar_t *>(data[0] + row * strides[2]),
             reinterpret_cast<scalar_t const *>(data[1] + row * strides[3]), columns);
      }
    });
  });
}
