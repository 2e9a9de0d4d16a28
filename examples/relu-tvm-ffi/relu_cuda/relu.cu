#include <cstdint>

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <tvm/ffi/extra/c_env_api.h>
#include <tvm/ffi/extra/cuda/device_guard.h>

#include "relu.h"

namespace {

constexpr int64_t threads_per_block = 256;
constexpr int64_t max_blocks = 65535;

// What one thread reads or writes in one memory transaction.
template <typename T> struct alignas(16) Pack {
  static constexpr int64_t size = 16 / sizeof(T);
  T lanes[size];
};

// The type to compare in: half numbers are compared as float.
template <typename T> struct Compute { using type = T; };
template <> struct Compute<__half> { using type = float; };
template <> struct Compute<__nv_bfloat16> { using type = float; };

template <typename T> __device__ T relu_one(T value) {
  using C = typename Compute<T>::type;
  // This way round, a NaN passes, as in torch.relu.
  return static_cast<C>(value) <= C(0) ? static_cast<T>(C(0)) : value;
}

// Applies relu to `packs` packs, and then to the rest of the `count` elements.
template <typename T> __global__ void relu_kernel(T *out, T const *input, int64_t packs, int64_t count) {
  int64_t const first = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  int64_t const step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = first; i < packs; i += step) {
    Pack<T> pack = reinterpret_cast<Pack<T> const *>(input)[i];
#pragma unroll
    for (int64_t lane = 0; lane < Pack<T>::size; ++lane) {
      pack.lanes[lane] = relu_one(pack.lanes[lane]);
    }
    reinterpret_cast<Pack<T> *>(out)[i] = pack;
  }
  for (int64_t i = packs * Pack<T>::size + first; i < count; i += step) {
    out[i] = relu_one(input[i]);
  }
}

template <typename T> bool is_aligned(T const *data) {
  return reinterpret_cast<uintptr_t>(data) % alignof(Pack<T>) == 0;
}

template <typename T> void launch(tvm::ffi::TensorView out, tvm::ffi::TensorView input) {
  DLDevice const device = input.device();
  tvm::ffi::CUDADeviceGuard const guard(device.device_id);
  cudaStream_t const stream = static_cast<cudaStream_t>(TVMFFIEnvGetStream(device.device_type, device.device_id));
  T *to = static_cast<T *>(out.data_ptr());
  T const *from = static_cast<T const *>(input.data_ptr());
  int64_t const count = input.numel();
  // A tensor can start at any element of its storage.
  int64_t const packs = is_aligned(to) && is_aligned(from) ? count / Pack<T>::size : 0;
  int64_t const rest = count - packs * Pack<T>::size;
  int64_t const longest = packs > rest ? packs : rest;
  int64_t const wanted = (longest + threads_per_block - 1) / threads_per_block;
  unsigned int const blocks = static_cast<unsigned int>(wanted < max_blocks ? wanted : max_blocks);
  relu_kernel<T><<<blocks, static_cast<unsigned int>(threads_per_block), 0, stream>>>(to, from, packs, count);
  TVM_FFI_CHECK_CUDA_ERROR(cudaGetLastError());
}

void launch_floats(tvm::ffi::TensorView out, tvm::ffi::TensorView input, int bits) {
  switch (bits) {
  case 16:
    return launch<__half>(out, input);
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

DLDeviceType const device_type = kDLCUDA;

void relu_contiguous(tvm::ffi::TensorView out, tvm::ffi::TensorView input) {
  DLDataType const dtype = input.dtype();
  switch (dtype.code) {
  case kDLFloat:
    return launch_floats(out, input, dtype.bits);
  case kDLBfloat:
    return launch<__nv_bfloat16>(out, input);
  case kDLInt:
    return launch_integers(out, input, dtype.bits);
  default:
    return launch<uint8_t>(out, input);
  }
}
