#include <cstdint>
#include <string>

#include <tvm/ffi/container/tensor.h>
#include <tvm/ffi/dtype.h>
#include <tvm/ffi/error.h>
#include <tvm/ffi/function.h>

#include "relu.h"

namespace {

using tvm::ffi::TensorView;

bool is_supported(DLDataType dtype) {
  if (dtype.lanes != 1) {
    return false;
  }
  switch (dtype.code) {
  case kDLFloat:
    return dtype.bits == 16 || dtype.bits == 32 || dtype.bits == 64;
  case kDLBfloat:
    return dtype.bits == 16;
  case kDLInt:
    return dtype.bits == 8 || dtype.bits == 16 || dtype.bits == 32 || dtype.bits == 64;
  case kDLUInt:
    return dtype.bits == 8;
  default:
    return false;
  }
}

bool have_one_shape(TensorView left, TensorView right) {
  if (left.ndim() != right.ndim()) {
    return false;
  }
  for (int32_t i = 0; i < left.ndim(); ++i) {
    if (left.size(i) != right.size(i)) {
      return false;
    }
  }
  return true;
}

// Of contiguous tensors of one size.
bool overlap_in_part(TensorView left, TensorView right) {
  uintptr_t const first = reinterpret_cast<uintptr_t>(left.data_ptr());
  uintptr_t const second = reinterpret_cast<uintptr_t>(right.data_ptr());
  uintptr_t const distance = first < second ? second - first : first - second;
  return distance != 0 && distance < tvm::ffi::GetDataSize(left);
}

std::string name_of(DLDataType dtype) {
  try {
    return tvm::ffi::DLDataTypeToString(dtype);
  } catch (tvm::ffi::Error const &) { // DLPack has dtypes, complex ones for example, that tvm-ffi does not name
    return "number " + std::to_string(dtype.code) + " of DLPack";
  }
}

// What is thrown here becomes an exception of the same name in Python.
void check_arguments(TensorView out, TensorView input) {
  if (input.device().device_type != device_type) {
    TVM_FFI_THROW(ValueError) << "relu: the input is on a device that this build is not for";
  }
  if (out.device().device_type != input.device().device_type || out.device().device_id != input.device().device_id) {
    TVM_FFI_THROW(ValueError) << "relu: out is on another device than the input";
  }
  if (!is_supported(input.dtype())) {
    TVM_FFI_THROW(TypeError) << "relu: the input has dtype " << name_of(input.dtype()) << ", which is not supported";
  }
  if (out.dtype() != input.dtype()) {
    TVM_FFI_THROW(TypeError) << "relu: out has dtype " << name_of(out.dtype()) << ", but the input has dtype "
                             << name_of(input.dtype());
  }
  if (!have_one_shape(out, input)) {
    TVM_FFI_THROW(ValueError) << "relu: out has shape " << out.shape() << ", but the input has shape "
                              << input.shape();
  }
  if (!input.is_contiguous() || !out.is_contiguous()) {
    TVM_FFI_THROW(ValueError) << "relu: the input and out must be contiguous";
  }
  if (overlap_in_part(out, input)) {
    TVM_FFI_THROW(ValueError) << "relu: the input and out overlap in part";
  }
}

void relu(TensorView out, TensorView input) {
  check_arguments(out, input);
  if (input.numel() != 0) {
    relu_contiguous(out, input);
  }
}

} // namespace

// Each exported function is an attribute of `ops` in Python, and takes tensors of every library that knows DLPack.
TVM_FFI_DLL_EXPORT_TYPED_FUNC(relu, relu)
