#include <cstdint>

#include "relu.h"

// One thread computes: tvm-ffi has no pool of threads, and to start some takes
// longer than most tensors.

namespace {

template <typename T> void relu_span(void *out, void const *input, int64_t count) {
  T *to = static_cast<T *>(out);
  T const *from = static_cast<T const *>(input);
  for (int64_t i = 0; i < count; ++i) {
    // This way round, a NaN and a negative zero pass, as in torch.relu.
    to[i] = from[i] < T(0) ? T(0) : from[i];
  }
}

// float16 and bfloat16, which C++ has only since C++23. Bit patterns above that
// of -0.0 and up to that of -inf are the negative numbers.
void relu_span_16(void *out, void const *input, int64_t count, uint16_t negative_infinity) {
  constexpr uint16_t negative_zero = 0x8000;
  uint16_t *to = static_cast<uint16_t *>(out);
  uint16_t const *from = static_cast<uint16_t const *>(input);
  for (int64_t i = 0; i < count; ++i) {
    bool const negative = from[i] > negative_zero && from[i] <= negative_infinity;
    to[i] = negative ? uint16_t(0) : from[i];
  }
}

void relu_floats(void *out, void const *input, int64_t count, int bits) {
  switch (bits) {
  case 16:
    return relu_span_16(out, input, count, 0xFC00);
  case 32:
    return relu_span<float>(out, input, count);
  default:
    return relu_span<double>(out, input, count);
  }
}

void relu_integers(void *out, void const *input, int64_t count, int bits) {
  switch (bits) {
  case 8:
    return relu_span<int8_t>(out, input, count);
  case 16:
    return relu_span<int16_t>(out, input, count);
  case 32:
    return relu_span<int32_t>(out, input, count);
  default:
    return relu_span<int64_t>(out, input, count);
  }
}

} // namespace

DLDeviceType const device_type = kDLCPU;

void relu_contiguous(tvm::ffi::TensorView out, tvm::ffi::TensorView input) {
  DLDataType const dtype = input.dtype();
  switch (dtype.code) {
  case kDLFloat:
    return relu_floats(out.data_ptr(), input.data_ptr(), input.numel(), dtype.bits);
  case kDLBfloat:
    return relu_span_16(out.data_ptr(), input.data_ptr(), input.numel(), 0xFF80);
  case kDLInt:
    return relu_integers(out.data_ptr(), input.data_ptr(), input.numel(), dtype.bits);
  default:
    return relu_span<uint8_t>(out.data_ptr(), input.data_ptr(), input.numel());
  }
}
