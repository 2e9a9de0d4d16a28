#include <cmath>
#include <cstdint>
#include <initializer_list>

#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <ATen/TensorIterator.h>
#include <ATen/ops/empty_like.h>
#include <c10/util/bit_cast.h>

#include "torch_binding.h"

namespace {

C10_ALWAYS_INLINE double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// std::exp is called for one number at a time; this is computed for a whole
// register. Nothing in it depends on a condition, or the loop around it would not
// be vectorized: the bounds are those of integers. A NaN gives just any number,
// since the functions below multiply it by x.
C10_ALWAYS_INLINE float sigmoid(float x) {
  // y = -|x|, so that exp(y) does not overflow; at the bound it is 0 already.
  uint32_t const bound = c10::bit_cast<uint32_t>(88.0f);
  uint32_t const magnitude = c10::bit_cast<uint32_t>(x) & 0x7FFFFFFF;
  float const y = -c10::bit_cast<float>(magnitude < bound ? magnitude : bound);
  // exp(y) = 2^n * exp(r), where n is the integer next to y / ln(2): after the
  // sum, the last bits of the mantissa.
  constexpr float shift = 12582912; // 1.5 * 2^23
  float const shifted = y * 1.44269504f + shift;
  float const n = shifted - shift;
  // ln(2) in two parts, so that the product with the first is exact.
  float const r = (y - n * 0.693359375f) + n * 2.12194440e-4f;
  // Taylor's series of exp(r), where |r| <= ln(2) / 2.
  float exponential = 1.0f / 5040;
  exponential = exponential * r + 1.0f / 720;
  exponential = exponential * r + 1.0f / 120;
  exponential = exponential * r + 1.0f / 24;
  exponential = exponential * r + 1.0f / 6;
  exponential = exponential * r + 1.0f / 2;
  exponential = exponential * r + 1;
  exponential = exponential * r + 1;
  // n becomes the exponent of a float, whose bias is 127; -127 makes 0.
  exponential *= c10::bit_cast<float>((c10::bit_cast<uint32_t>(shifted) + 127) << 23);
  return (x < 0 ? exponential : 1.0f) / (1.0f + exponential);
}

// out = silu(x) * y, for elements that are neighbours in memory.
template <typename T> struct Forward {
  static constexpr int64_t element_size = sizeof(T);
  static constexpr int tensors = 3;

  C10_ALWAYS_INLINE static void span(char *const *data, int64_t count) {
    using Compute = at::opmath_type<T>;
    T *const out = reinterpret_cast<T *>(data[0]);
    T const *const x = reinterpret_cast<T const *>(data[1]);
    T const *const y = reinterpret_cast<T const *>(data[2]);
    for (int64_t i = 0; i < count; ++i) {
      Compute const value = x[i], factor = y[i];
      // Rounded between the two operators, as Torch's own two are.
      Compute const silu = static_cast<T>(value * sigmoid(value));
      out[i] = static_cast<T>(silu * factor);
    }
  }
};

// The gradients of x and y for a gradient of out, likewise.
template <typename T> struct Backward {
  static constexpr int64_t element_size = sizeof(T);
  static constexpr int tensors = 5;

  C10_ALWAYS_INLINE static void span(char *const *data, int64_t count) {
    using Compute = at::opmath_type<T>;
    T *const grad_x = reinterpret_cast<T *>(data[0]);
    T *const grad_y = reinterpret_cast<T *>(data[1]);
    T const *const grad = reinterpret_cast<T const *>(data[2]);
    T const *const x = reinterpret_cast<T const *>(data[3]);
    T const *const y = reinterpret_cast<T const *>(data[4]);
    for (int64_t i = 0; i < count; ++i) {
      Compute const value = x[i], factor = y[i], gradient = grad[i];
      Compute const s = sigmoid(value);
      grad_x[i] = static_cast<T>(gradient * factor * s * (Compute(1) + value * (Compute(1) - s)));
      grad_y[i] = static_cast<T>(gradient * value * s);
    }
  }
};

#if defined(__x86_64__)
// The same loop, which becomes a part of this function, in registers that are
// twice as wide as those that every x86-64 CPU has.
template <typename Pass> [[gnu::target("avx2")]] void span_avx2(char *const *data, int64_t count) {
  Pass::span(data, count);
}
#endif

template <typename Pass> auto span_of_this_cpu() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    return &span_avx2<Pass>;
  }
#endif
  return &Pass::span;
}

// Torch's iterator divides rows and columns over Torch's own threads; a half of the rows is a tensor with gaps.
at::TensorIterator iterate(std::initializer_list<at::Tensor> outputs, std::initializer_list<at::Tensor> inputs) {
  at::TensorIteratorConfig config;
  for (at::Tensor const &output : outputs) {
    config.add_owned_output(output);
  }
  for (at::Tensor const &input : inputs) {
    config.add_owned_const_input(input);
  }
  return config.build();
}

template <typename Pass> void run(at::TensorIterator &iterator) {
  iterator.for_each([span = span_of_this_cpu<Pass>()](char **data, int64_t const *strides, int64_t count) {
    bool neighbours = true;
    for (int tensor = 0; tensor < Pass::tensors; ++tensor) {
      neighbours = neighbours && strides[tensor] == Pass::element_size;
    }
    if (neighbours) {
      span(data, count);
      return;
    }
    // Rows of one or two elements: the iterator goes along the columns.
    char *element[Pass::tensors];
    for (int64_t i = 0; i < count; ++i) {
      for (int tensor = 0; tensor < Pass::tensors; ++tensor) {
        element[tensor] = data[tensor] + i * strides[tensor];
      }
      span(element, 1);
    }
  });
}

// Half numbers are converted by Torch, which has code for the instructions that some CPUs have for it.
at::Tensor like_in_float(at::Tensor const &tensor) {
  return at::empty_like(tensor, tensor.options().dtype(at::kFloat));
}

} // namespace

void silu_and_mul_rows(at::Tensor &out, at::Tensor const &input) {
  if (input.scalar_type() == at::kHalf) {
    at::Tensor result = like_in_float(out);
    silu_and_mul_rows(result, input.to(at::kFloat));
    out.copy_(result);
    return;
  }
  int64_t const d = out.size(-1);
  at::TensorIterator iterator = iterate({out}, {input.narrow(-1, 0, d), input.narrow(-1, d, d)});
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, input.scalar_type(), "silu_and_mul",
                                 [&] { run<Forward<scalar_t>>(iterator); });
}

void silu_and_mul_backward_rows(at::Tensor &grad_input, at::Tensor const &grad, at::Tensor const &input) {
  if (input.scalar_type() == at::kHalf) {
    at::Tensor result = like_in_float(grad_input);
    silu_and_mul_backward_rows(result, grad.to(at::kFloat), input.to(at::kFloat));
    grad_input.copy_(result);
    return;
  }
  int64_t const d = grad.size(-1);
  at::TensorIterator iterator = iterate({grad_input.narrow(-1, 0, d), grad_input.narrow(-1, d, d)},
                                        {grad, input.narrow(-1, 0, d), input.narrow(-1, d, d)});
  AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, input.scalar_type(), "silu_and_mul_backward",
                                 [&] { run<Backward<scalar_t>>(iterator); });
}
