#include <vector>

#include <ATen/MemoryOverlap.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include "registration.h"
#include "torch_binding.h"

namespace {

std::vector<int64_t> sizes_of_result(at::Tensor const &input) {
  TORCH_CHECK(input.is_floating_point(), "silu_and_mul: the input has dtype ", input.scalar_type(),
              ", which is not supported");
  TORCH_CHECK(input.dim() > 0 && input.size(-1) % 2 == 0, "silu_and_mul: the input has shape ", input.sizes(),
              ", and its last dimension cannot be divided into two halves");
  std::vector<int64_t> sizes = input.sizes().vec();
  sizes.back() /= 2;
  return sizes;
}

void check_like(char const *name, at::Tensor const &tensor, at::Tensor const &input) {
  TORCH_CHECK(tensor.sizes() == at::IntArrayRef(sizes_of_result(input)), "silu_and_mul: ", name, " has shape ",
              tensor.sizes(), ", but the input has shape ", input.sizes());
  TORCH_CHECK(tensor.scalar_type() == input.scalar_type(), "silu_and_mul: ", name, " has dtype ",
              tensor.scalar_type(), ", but the input has dtype ", input.scalar_type());
  TORCH_CHECK(tensor.device() == input.device(), "silu_and_mul: ", name, " is on ", tensor.device(),
              ", but the input is on ", input.device());
}

void silu_and_mul_out(at::Tensor &out, at::Tensor const &input) {
  check_like("out", out, input);
  at::assert_no_internal_overlap(out);
  at::assert_no_overlap(out, input);
  if (out.numel() == 0) {
    return;
  }
  at::Tensor result = out.is_contiguous() ? out : at::empty_like(out, at::MemoryFormat::Contiguous);
  silu_and_mul_rows(result, input.contiguous());
  if (!result.is_same(out)) {
    out.copy_(result);
  }
}

at::Tensor silu_and_mul(at::Tensor const &input) {
  at::Tensor out = at::empty(sizes_of_result(input), input.options());
  if (out.numel() != 0) {
    silu_and_mul_rows(out, input.contiguous());
  }
  return out;
}

at::Tensor silu_and_mul_backward(at::Tensor const &grad, at::Tensor const &input) {
  check_like("the gradient", grad, input);
  at::Tensor grad_input = at::empty_like(input, at::MemoryFormat::Contiguous);
  if (grad.numel() != 0) {
    silu_and_mul_backward_rows(grad_input, grad.contiguous(), input.contiguous());
  }
  return grad_input;
}

} // namespace

TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("silu_and_mul_out(Tensor! out, Tensor input) -> ()");
  ops.def("silu_and_mul(Tensor input) -> Tensor");
  ops.def("silu_and_mul_backward(Tensor grad, Tensor input) -> Tensor");
#if defined(CPU_KERNEL)
  constexpr auto device = at::kCPU;
#elif defined(CUDA_KERNEL) || defined(ROCM_KERNEL)
  constexpr auto device = at::kCUDA;
#endif
  ops.impl("silu_and_mul_out", device, &silu_and_mul_out);
  ops.impl("silu_and_mul", device, &silu_and_mul);
  ops.impl("silu_and_mul_backward", device, &silu_and_mul_backward);
}

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
