#include <cstdint>
#include <limits>
#include <optional>

#include <ATen/MemoryOverlap.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/library.h>

#include "registration.h"
#include "torch_binding.h"

namespace {

void check_like(char const *name, at::Tensor const &tensor, at::Tensor const &a) {
  TORCH_CHECK(tensor.scalar_type() == a.scalar_type(), "gemm: ", name, " has dtype ", tensor.scalar_type(),
              ", but a has dtype ", a.scalar_type());
  TORCH_CHECK(tensor.device() == a.device(), "gemm: ", name, " is on ", tensor.device(), ", but a is on ", a.device());
}

void check_arguments(at::Tensor const &out, at::Tensor const &a, at::Tensor const &b,
                     std::optional<at::Tensor> const &bias) {
  TORCH_CHECK(a.scalar_type() == at::kHalf || a.scalar_type() == at::kBFloat16, "gemm: a has dtype ", a.scalar_type(),
              ", which is not supported");
  TORCH_CHECK(a.dim() == 2 && b.dim() == 2, "gemm: a and b have ", a.dim(), " and ", b.dim(), " dimensions, not 2");
  check_like("b", b, a);
  check_like("out", out, a);
  TORCH_CHECK(a.size(1) == b.size(0), "gemm: a has ", a.size(1), " columns, but b has ", b.size(0), " rows");
  TORCH_CHECK(a.size(1) % elements_per_access == 0 && b.size(1) % elements_per_access == 0,
              "gemm: the columns of a and b have to be multiples of ", elements_per_access, ", and are ", a.size(1),
              " and ", b.size(1));
  TORCH_CHECK(out.dim() == 2 && out.size(0) == a.size(0) && out.size(1) == b.size(1), "gemm: out has shape ",
              out.sizes(), ", but the result has shape [", a.size(0), ", ", b.size(1), "]");
  for (int64_t const size : {a.size(0), a.size(1), b.size(1)}) {
    TORCH_CHECK(size <= std::numeric_limits<int>::max(), "gemm: a matrix has ", size, " rows or columns: too many");
  }
  if (bias.has_value()) {
    check_like("bias", *bias, a);
    TORCH_CHECK(bias->dim() == 1 && bias->size(0) == b.size(1), "gemm: bias has shape ", bias->sizes(),
                ", but the result has ", b.size(1), " columns");
    at::assert_no_overlap(out, *bias);
  }
  at::assert_no_internal_overlap(out);
  at::assert_no_overlap(out, a);
  at::assert_no_overlap(out, b);
}

bool is_aligned(at::Tensor const &tensor) {
  return reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % alignment == 0;
}

// A tensor without gaps that begins where the kernel can read it, which is the same one if that does.
at::Tensor packed(at::Tensor const &tensor) {
  at::Tensor const dense = tensor.contiguous();
  return is_aligned(dense) ? dense : dense.clone();
}

void gemm(at::Tensor &out, at::Tensor const &a, at::Tensor const &b, std::optional<at::Tensor> const &bias) {
  check_arguments(out, a, b, bias);
  if (out.numel() == 0) {
    return;
  }
  // Without the guard, autograd would record the copies but not the kernel between them, and so find wrong gradients.
  at::AutoDispatchBelowADInplaceOrView guard;
  if (a.size(1) == 0) {
    // The sum of nothing.
    out.zero_();
    if (bias.has_value()) {
      out.add_(*bias);
    }
    return;
  }
  at::Tensor const dense_bias = bias.has_value() ? packed(*bias) : at::Tensor();
  at::Tensor const *added = bias.has_value() ? &dense_bias : nullptr;
  if (out.is_contiguous() && is_aligned(out)) {
    gemm_dense(out, packed(a), packed(b), added);
    return;
  }
  at::Tensor result = out.new_empty(out.sizes());
  gemm_dense(result, packed(a), packed(b), added);
  out.copy_(result);
}

} // namespace

TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("gemm(Tensor! out, Tensor a, Tensor b, Tensor? bias=None) -> ()");
#if defined(CUDA_KERNEL)
  ops.impl("gemm", at::kCUDA, &gemm);
#elif defined(XPU_KERNEL)
  ops.impl("gemm", at::kXPU, &gemm);
#endif
}

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
