#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/core/ScalarType.h>
#include <torch/headeronly/util/Exception.h>
#include <torch/headeronly/util/HeaderOnlyArrayRef.h>

#include "registration.h"
#include "torch_binding.h"

namespace {

using torch::headeronly::IntHeaderOnlyArrayRef;
using torch::headeronly::ScalarType;
using torch::stable::Tensor;

bool is_supported(ScalarType dtype) {
  switch (dtype) {
  case ScalarType::Float:
  case ScalarType::Double:
  case ScalarType::Half:
  case ScalarType::BFloat16:
  case ScalarType::Byte:
  case ScalarType::Char:
  case ScalarType::Short:
  case ScalarType::Int:
  case ScalarType::Long:
    return true;
  default:
    return false;
  }
}

std::string text_of(IntHeaderOnlyArrayRef sizes) {
  std::ostringstream text;
  text << '[';
  for (size_t i = 0; i < sizes.size(); ++i) {
    text << (i == 0 ? "" : ", ") << sizes[i];
  }
  text << ']';
  return text.str();
}

// The first byte of a tensor that has elements, and the byte after its last.
struct Extent {
  char const *begin;
  char const *end;
};

Extent extent_of(Tensor const &tensor) {
  int64_t last = 0;
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    last += (tensor.size(i) - 1) * tensor.stride(i);
  }
  char const *begin = static_cast<char const *>(tensor.const_data_ptr());
  return {begin, begin + (last + 1) * static_cast<int64_t>(tensor.element_size())};
}

// Says whether the elements fill their memory without a gap, in any order of the dimensions.
bool is_dense(Tensor const &tensor) {
  std::vector<std::pair<int64_t, int64_t>> dimensions;
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    if (tensor.size(i) != 1) {
      dimensions.emplace_back(tensor.stride(i), tensor.size(i));
    }
  }
  std::sort(dimensions.begin(), dimensions.end());
  int64_t expected = 1;
  for (auto const &[stride, size] : dimensions) {
    if (stride != expected) {
      return false;
    }
    expected *= size;
  }
  return true;
}

// What expand() makes. A tensor that as_strided() made to overlap itself is not found, nor is it by Torch's own
// operators.
bool repeats_elements(Tensor const &tensor) {
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    if (tensor.size(i) > 1 && tensor.stride(i) == 0) {
      return true;
    }
  }
  return false;
}

bool overlap_in_part(Tensor const &out, Tensor const &input) {
  Extent const left = extent_of(out);
  Extent const right = extent_of(input);
  if (left.begin == right.begin && out.strides().equals(input.strides())) {
    return false;
  }
  return left.begin < right.end && right.begin < left.end;
}

void check_arguments(Tensor const &out, Tensor const &input) {
  STD_TORCH_CHECK(is_supported(input.scalar_type()), "relu: the input has dtype ",
                  torch::headeronly::toString(input.scalar_type()), ", which is not supported");
  STD_TORCH_CHECK(out.scalar_type() == input.scalar_type(), "relu: out has dtype ",
                  torch::headeronly::toString(out.scalar_type()), ", but the input has dtype ",
                  torch::headeronly::toString(input.scalar_type()));
  STD_TORCH_CHECK(out.sizes().equals(input.sizes()), "relu: out has shape ", text_of(out.sizes()),
                  ", but the input has shape ", text_of(input.sizes()));
  STD_TORCH_CHECK(out.device() == input.device(), "relu: out is on another device than the input");
}

void check_memory(Tensor const &out, Tensor const &input) {
  STD_TORCH_CHECK(!repeats_elements(out), "relu: several elements of out are in one place");
  STD_TORCH_CHECK(!overlap_in_part(out, input), "relu: out and the input overlap in part");
}

bool have_one_dense_layout(Tensor const &out, Tensor const &input) {
  if (out.is_contiguous() && input.is_contiguous()) {
    return true;
  }
  return out.strides().equals(input.strides()) && is_dense(input);
}

void relu(Tensor out, Tensor input) {
  check_arguments(out, input);
  if (input.numel() == 0) {
    return;
  }
  check_memory(out, input);
  if (have_one_dense_layout(out, input)) {
    relu_dense(out, input);
    return;
  }
  Tensor const packed = torch::stable::clone(input);
  relu_dense(packed, packed);
  torch::stable::copy_(out, packed);
}

} // namespace

STABLE_TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("relu(Tensor! out, Tensor input) -> ()");
}

#if defined(CPU_KERNEL)
STABLE_TORCH_LIBRARY_IMPL_EXPAND(TORCH_EXTENSION_NAME, CPU, ops) {
  ops.impl("relu", TORCH_BOX(&relu));
}
#elif defined(CUDA_KERNEL)
STABLE_TORCH_LIBRARY_IMPL_EXPAND(TORCH_EXTENSION_NAME, CUDA, ops) {
  ops.impl("relu", TORCH_BOX(&relu));
}
#endif

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
