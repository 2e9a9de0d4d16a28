#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include "registration.h"
#include "torch_binding.h"

namespace {

void check_dtype(at::Tensor const &tensor) {
  TORCH_CHECK(tensor.is_floating_point(), "relu: the input has dtype ", tensor.scalar_type(),
              ", which has no gradient");
}

// A tensor with the values of another and the memory layout of `layout`.
at::Tensor laid_out_as(at::Tensor const &layout, at::Tensor const &values) {
  return values.strides() == layout.strides() ? values : at::empty_like(layout).copy_(values);
}

at::Tensor relu(at::Tensor const &input) {
  check_dtype(input);
  at::Tensor out = at::empty_like(input);
  if (out.numel() != 0) {
    relu_dense(out, laid_out_as(out, input));
  }
  return out;
}

at::Tensor relu_backward(at::Tensor const &grad, at::Tensor const &result) {
  check_dtype(result);
  TORCH_CHECK(grad.scalar_type() == result.scalar_type(), "relu_backward: the gradient has dtype ",
              grad.scalar_type(), ", but the result has dtype ", result.scalar_type());
  TORCH_CHECK(grad.sizes() == result.sizes(), "relu_backward: the gradient has shape ", grad.sizes(),
              ", but the result has shape ", result.sizes());
  TORCH_CHECK(grad.device() == result.device(), "relu_backward: the gradient is on ", grad.device(),
              ", but the result is on ", result.device());
  at::Tensor grad_input = at::empty_like(result);
  if (grad_input.numel() != 0) {
    relu_backward_dense(grad_input, laid_out_as(grad_input, grad), laid_out_as(grad_input, result));
  }
  return grad_input;
}

} // namespace

TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("relu(Tensor input) -> Tensor");
  ops.def("relu_backward(Tensor grad, Tensor result) -> Tensor");
#if defined(CPU_KERNEL)
  ops.impl("relu", at::kCPU, &relu);
  ops.impl("relu_backward", at::kCPU, &relu_backward);
#elif defined(CUDA_KERNEL) || defined(ROCM_KERNEL)
  ops.impl("relu", at::kCUDA, &relu);
  ops.impl("relu_backward", at::kCUDA, &relu_backward);
#endif
}

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
