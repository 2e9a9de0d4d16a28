#include <vector>

#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "registration.h"
#include "torch_binding.h"

namespace {

at::Tensor dequantize(at::Tensor const &codes, at::Tensor const &table) {
  TORCH_CHECK(codes.scalar_type() == at::kByte, "dequantize: the codes have dtype ", codes.scalar_type(),
              ", and must have uint8");
  TORCH_CHECK(codes.dim() > 0, "dequantize: the codes need at least one dimension");
  TORCH_CHECK(table.scalar_type() == at::kFloat && table.dim() == 1 && table.size(0) == 16,
              "dequantize: the table must be 16 numbers of float32");
  std::vector<int64_t> sizes = codes.sizes().vec();
  sizes.back() *= 2;
  at::Tensor out = at::empty(sizes, codes.options().dtype(at::kFloat));
  lookup(out, codes.contiguous(), table.contiguous());
  return out;
}

} // namespace

TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("dequantize(Tensor codes, Tensor table) -> Tensor");
  ops.impl("dequantize", at::kCPU, &dequantize);
}

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
