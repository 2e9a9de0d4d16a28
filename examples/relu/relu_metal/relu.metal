#include <metal_stdlib>

using namespace metal;

// Bit patterns above that of -0.0 and up to that of -inf are the negative
// numbers. Metal's default fast math lets a comparison of floats lose a NaN, a
// comparison of integers cannot. It also needs no bfloat type, which Metal 3.0
// does not have.
template <typename Bits, Bits negative_infinity>
kernel void relu_floating(device Bits *out [[buffer(0)]],
                          device const Bits *input [[buffer(1)]],
                          uint index [[thread_position_in_grid]]) {
  constexpr Bits negative_zero = Bits(1) << (8 * sizeof(Bits) - 1);
  const Bits value = input[index];
  const bool negative = value > negative_zero && value <= negative_infinity;
  out[index] = negative ? Bits(0) : value;
}

template <typename T>
kernel void relu_integer(device T *out [[buffer(0)]],
                         device const T *input [[buffer(1)]],
                         uint index [[thread_position_in_grid]]) {
  const T value = input[index];
  out[index] = value > T(0) ? value : T(0);
}

// relu.mm finds these by name.
#define EXPORT(NAME, ...) template [[host_name(NAME)]] [[kernel]] decltype(__VA_ARGS__) __VA_ARGS__;

EXPORT("relu_float", relu_floating<uint, 0xFF800000>)
EXPORT("relu_half", relu_floating<ushort, 0xFC00>)
EXPORT("relu_bfloat16", relu_floating<ushort, 0xFF80>)
EXPORT("relu_uint8", relu_integer<uchar>)
EXPORT("relu_int8", relu_integer<char>)
EXPORT("relu_int16", relu_integer<short>)
EXPORT("relu_int32", relu_integer<int>)
EXPORT("relu_int64", relu_integer<long>)
