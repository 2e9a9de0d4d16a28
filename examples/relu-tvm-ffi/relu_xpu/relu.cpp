#include <algorithm>
#include <cstdint>

#include <sycl/ext/oneapi/bfloat16.hpp>
#include <sycl/sycl.hpp>
#include <tvm/ffi/error.h>
#include <tvm/ffi/extra/c_env_api.h>

#include "relu.h"

namespace {

// Each work item takes every `step`-th element. DPC++ assumes that a range fits
// in an int, a tensor need not.
constexpr int64_t max_items = int64_t(1) << 20;

// Compute is the type to compare in: half numbers are compared as float.
template <typename T, typename Compute = T> void launch(tvm::ffi::TensorView out, tvm::ffi::TensorView input) {
  DLDevice const device = input.device();
  auto *queue = static_cast<sycl::queue *>(TVMFFIEnvGetStream(device.device_type, device.device_id));
  if (queue == nullptr) {
    // On any other queue, the kernel could run before its input is there.
    TVM_FFI_THROW(RuntimeError) << "relu: tvm-ffi was not told the SYCL queue of the device";
  }
  T *to = static_cast<T *>(out.data_ptr());
  T const *from = static_cast<T const *>(input.data_ptr());
  int64_t const count = input.numel();
  int64_t const step = std::min(count, max_items);
  queue->parallel_for(sycl::range<1>(static_cast<size_t>(step)), [=](sycl::item<1> item) {
    for (int64_t i = static_cast<int64_t>(item.get_linear_id()); i < count; i += step) {
      // This way round, a NaN passes, as in torch.relu.
      to[i] = static_cast<Compute>(from[i]) <= Compute(0) ? T(0) : from[i];
    }
  });
}

void launch_floats(tvm::ffi::TensorView out, tvm::ffi::TensorView input, int bits) {
  switch (bits) {
  case 16:
    return launch<sycl::half, float>(out, input);
  case 32:
    return launch<float>(out, input);
  default:
    return launch<double>(out, input);
  }
}

void launch_integers(tvm::ffi::TensorView out, tvm::ffi::TensorView input, int bits) {
  switch (bits) {
  case 8:
    return launch<int8_t>(out, input);
  case 16:
    return launch<int16_t>(out, input);
  case 32:
    return launch<int32_t>(out, input);
  default:
    return launch<int64_t>(out, input);
  }
}

} // namespace

DLDeviceType const device_type = kDLOneAPI;

void relu_contiguous(tvm::ffi::TensorView out, tvm::ffi::TensorView input) {
  DLDataType const dtype = input.dtype();
  switch (dtype.code) {
  case kDLFloat:
    return launch_floats(out, input, dtype.bits);
  case kDLBfloat:
    return launch<sycl::ext::oneapi::bfloat16, float>(out, input);
  case kDLInt:
    return launch_integers(out, input, dtype.bits);
  default:
    return launch<uint8_t>(out, input);
  }
}
