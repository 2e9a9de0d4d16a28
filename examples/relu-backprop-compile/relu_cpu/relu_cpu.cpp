#include <cstdint>

#include <ATen/Dispatch.h>
#include <ATen/TensorIterator.h>

#include "torch_binding.h"

namespace {

template <typename T> struct Relu {
  static void span(T *out, T const *input, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      // This way round, a NaN passes, as in torch.relu.
      out[i] = input[i] < T(0) ? T(0) : input[i];
    }
  }
};

template <typename T> struct ReluBackward {
  static void span(T *grad_input, T const *grad, T const *result, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      grad_input[i] = result[i] <= T(0) ? T(0) : grad[i];
    }
  }
};

template <typename T> T *at_row(char **data, int64_t const *strides, int64_t tensors, int64_t tensor, int64_t row) {
  return reinterpret_cast<T *>(data[tensor] + row * strides[tensors + tensor]);
}

} // namespace

// Torch's iterator divides the work over Torch's own threads. Tensors of one
// dense layout are one row, and the elements of a row are neighbours.

void relu_dense(at::Tensor &out, at::Tensor const &input) {
  at::TensorIterator iterator = at::TensorIteratorConfig().add_output(out).add_const_input(input).build();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, input.scalar_type(), "relu", [&] {
    iterator.for_each([](char **data, int64_t const *strides, int64_t columns, int64_t rows) {
      for (int64_t row = 0; row < rows; ++row) {
        Relu<scalar_t>::span(at_row<scalar_t>(data, strides, 2, 0, row),
                             at_row<scalar_t const>(data, strides, 2, 1, row), columns);
      }
    });
  });
}

void relu_backward_dense(at::Tensor &grad_input, at::Tensor const &grad, at::Tensor const &result) {
  at::TensorIterator iterator =
      at::TensorIteratorConfig().add_output(grad_input).add_const_input(grad).add_const_input(result).build();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, result.scalar_type(), "relu_backward", [&] {
    iterator.for_each([](char **data, int64_t const *strides, int64_t columns, int64_t rows) {
      for (int64_t row = 0; row < rows; ++row) {
        ReluBackward<scalar_t>::span(at_row<scalar_t>(data, strides, 3, 0, row),
                                     at_row<scalar_t const>(data, strides, 3, 1, row),
                                     at_row<scalar_t const>(data, strides, 3, 2, row), columns);
      }
    });
  });
}
