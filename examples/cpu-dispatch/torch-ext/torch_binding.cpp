#include <cstdint>
#include <string>
#include <vector>

#include <ATen/TensorIterator.h>
#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include "registration.h"
#include "rms_norm.h"

namespace {

struct Path {
  char const *name;
  RmsNorm *function;
};

// What this CPU can run, the best first.
std::vector<Path> const &paths() {
  static std::vector<Path> const found = [] {
    std::vector<Path> usable;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma")) {
      usable.push_back({"avx512", &rms_norm_avx512});
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      usable.push_back({"avx2", &rms_norm_avx2});
    }
#endif
    usable.push_back({"baseline", &rms_norm_baseline});
    return usable;
  }();
  return found;
}

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (Path const &path : paths()) {
    found.emplace_back(path.name);
  }
  return found;
}

RmsNorm *find(std::string const &name) {
  for (Path const &path : paths()) {
    if (name.empty() || name == path.name) {
      return path.function;
    }
  }
  std::string known;
  for (Path const &path : paths()) {
    known += (known.empty() ? "" : ", ") + std::string(path.name);
  }
  TORCH_CHECK(false, "rms_norm: this CPU has no path ", name, "; it has ", known);
}

at::Tensor rms_norm(at::Tensor const &input, at::Tensor const &weight, double eps, std::string const &path) {
  TORCH_CHECK(input.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat,
              "rms_norm: input and weight must have float32, and have ", input.scalar_type(), " and ",
              weight.scalar_type());
  TORCH_CHECK(input.dim() > 0 && weight.dim() == 1 && weight.size(0) == input.size(-1), "rms_norm: weight has shape ",
              weight.sizes(), ", which is not that of the rows of an input of shape ", input.sizes());
  RmsNorm *const function = find(path);
  at::Tensor const from = input.contiguous();
  at::Tensor const factors = weight.contiguous();
  at::Tensor out = at::empty_like(from);
  if (out.numel() == 0) {
    return out;
  }
  int64_t const columns = from.size(-1);
  // The first elements of all rows: the iterator divides them over Torch's own threads.
  at::TensorIterator iterator = at::TensorIteratorConfig()
                                    .add_owned_output(out.view({-1, columns}).select(1, 0))
                                    .add_owned_const_input(from.view({-1, columns}).select(1, 0))
                                    .build();
  auto const *factor = static_cast<float const *>(factors.const_data_ptr());
  auto const rows_per_task = at::internal::GRAIN_SIZE / columns + 1;
  iterator.for_each(
      [=](char **data, int64_t const *strides, int64_t rows) {
        for (int64_t row = 0; row < rows; ++row) {
          function(reinterpret_cast<float *>(data[0] + row * strides[0]),
                   reinterpret_cast<float const *>(data[1] + row * strides[1]), factor, columns,
                   static_cast<float>(eps));
        }
      },
      rows_per_task);
  return out;
}

} // namespace

TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("rms_norm(Tensor input, Tensor weight, float eps, str path) -> Tensor");
  ops.impl("rms_norm", at::kCPU, &rms_norm);
  ops.def("paths() -> str[]", &names);
}

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
