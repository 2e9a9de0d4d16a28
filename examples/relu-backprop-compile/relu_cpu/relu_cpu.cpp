#include <cstdint>
#include <limits>

#include <ATen/Dispatch.h>
#include <ATen/TensorIterator.h>

#include "torch_binding.h"

namespace {

// A gate lets a value pass or makes it zero. Forward, the gates are the values
// themselves, and the negative ones are closed: a negative zero passes, as in
// torch.relu. Backward, they are the results, and those that are zero are closed
// as well. A NaN is open in both directions.
enum class Pass { forward, backward };

template <Pass pass, typename T> C10_ALWAYS_INLINE T gated(T value, T gate) {
  bool const closed = pass == Pass::forward ? gate < T(0) : gate <= T(0);
  return closed ? T(0) : value;
}

// Bit patterns from that of -0.0 to that of -inf are the numbers with a sign.
// Integer comparisons vectorize on every CPU, conversions to float do not.
template <Pass pass, typename T> C10_ALWAYS_INLINE T gated_16(T value, T gate) {
  constexpr uint16_t negative_zero = 0x8000;
  constexpr uint16_t negative_infinity = negative_zero | std::numeric_limits<T>::infinity().x;
  bool const negative = gate.x > negative_zero && gate.x <= negative_infinity;
  bool const zero = gate.x == 0 || gate.x == negative_zero;
  value.x = negative || (pass == Pass::backward && zero) ? 0 : value.x;
  return value;
}

template <Pass pass> C10_ALWAYS_INLINE c10::Half gated(c10::Half value, c10::Half gate) {
  return gated_16<pass>(value, gate);
}

template <Pass pass> C10_ALWAYS_INLINE c10::BFloat16 gated(c10::BFloat16 value, c10::BFloat16 gate) {
  return gated_16<pass>(value, gate);
}

// For elements that are neighbours in memory.
template <Pass pass, typename T>
C10_ALWAYS_INLINE void gate_span(T *out, T const *values, T const *gates, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    // Read in any case: a loop that reads under a condition is not vectorized.
    T const value = values[i];
    out[i] = gated<pass>(value, gates[i]);
  }
}

#if defined(__x86_64__)
// The same loop, which becomes a part of this function, in registers that are
// twice as wide as those that every x86-64 CPU has.
template <Pass pass, typename T>
[[gnu::target("avx2")]] void gate_span_avx2(T *out, T const *values, T const *gates, int64_t count) {
  gate_span<pass>(out, values, gates, count);
}
#endif

template <Pass pass, typename T> auto gate_span_of_this_cpu() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    return &gate_span_avx2<pass, T>;
  }
#endif
  return &gate_span<pass, T>;
}

template <Pass pass> void gate_dense(at::Tensor &out, at::Tensor const &values, at::Tensor const &gates) {
  // Torch's iterator divides the work over Torch's own threads. Tensors of one
  // dense layout are one row, and the elements of a row are neighbours.
  at::TensorIterator iterator =
      at::TensorIteratorConfig().add_output(out).add_const_input(values).add_const_input(gates).build();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, out.scalar_type(), "relu", [&] {
    auto const span = gate_span_of_this_cpu<pass, scalar_t>();
    iterator.for_each([span](char **data, int64_t const *strides, int64_t columns, int64_t rows) {
      for (int64_t row = 0; row < rows; ++row) {
        span(reinterpret_cast<scalar_t *>(data[0] + row * strides[3]),
             reinterpret_cast<scalar_t const *>(data[1] + row * strides[4]),
             reinterpret_cast<scalar_t const *>(data[2] + row * strides[5]), columns);
      }
    });
  });
}

} // namespace

void relu_dense(at::Tensor &out, at::Tensor const &input) { gate_dense<Pass::forward>(out, input, input); }

void relu_backward_dense(at::Tensor &grad_input, at::Tensor const &grad, at::Tensor const &result) {
  gate_dense<Pass::backward>(grad_input, grad, result);
}
