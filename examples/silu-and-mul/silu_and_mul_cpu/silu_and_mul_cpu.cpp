#include <cmath>
#include <cstdint>
#include <initializer_list>

#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <ATen/TensorIterator.h>

#include "torch_binding.h"

namespace {

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

template <typename T> T sigmoid(T x) { return T(1) / (T(1) + std::exp(-x)); }

// The elements of one tensor in a row, of which neighbours are `stride` bytes apart.
template <typename T> struct Row {
  char *data;
  int64_t stride;
  T &operator[](int64_t i) const { return *reinterpret_cast<T *>(data + i * stride); }
};

} // namespace

void silu_and_mul_rows(at::Tensor &out, at::Tensor const &input) {
  int64_t const d = out.size(-1);
  at::TensorIterator iterator = iterate({out}, {input.narrow(-1, 0, d), input.narrow(-1, d, d)});
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, input.scalar_type(), "silu_and_mul", [&] {
    using Compute = at::opmath_type<scalar_t>;
    iterator.for_each([](char **data, int64_t const *strides, int64_t count) {
      Row<scalar_t> const to{data[0], strides[0]};
      Row<scalar_t const> const x{data[1], strides[1]};
      Row<scalar_t const> const y{data[2], strides[2]};
      for (int64_t i = 0; i < count; ++i) {
        Compute const value = x[i];
        // Rounded between the two operators, as Torch's own two are.
        scalar_t const silu = static_cast<scalar_t>(value * sigmoid(value));
        to[i] = static_cast<scalar_t>(static_cast<Compute>(silu) * static_cast<Compute>(y[i]));
      }
    });
  });
}

void silu_and_mul_backward_rows(at::Tensor &grad_input, at::Tensor const &grad, at::Tensor const &input) {
  int64_t const d = grad.size(-1);
  at::TensorIterator iterator = iterate({grad_input.narrow(-1, 0, d), grad_input.narrow(-1, d, d)},
                                        {grad, input.narrow(-1, 0, d), input.narrow(-1, d, d)});
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, input.scalar_type(), "silu_and_mul_backward", [&] {
    using Compute = at::opmath_type<scalar_t>;
    iterator.for_each([](char **data, int64_t const *strides, int64_t count) {
      Row<scalar_t> const grad_x{data[0], strides[0]};
      Row<scalar_t> const grad_y{data[1], strides[1]};
      Row<scalar_t const> const from{data[2], strides[2]};
      Row<scalar_t const> const x{data[3], strides[3]};
      Row<scalar_t const> const y{data[4], strides[4]};
      for (int64_t i = 0; i < count; ++i) {
        Compute const value = x[i], gradient = from[i], factor = y[i];
        Compute const s = sigmoid(value);
        grad_x[i] = static_cast<scalar_t>(gradient * factor * s * (Compute(1) + value * (Compute(1) - s)));
        grad_y[i] = static_cast<scalar_t>(gradient * value * s);
      }
    });
  });
}
