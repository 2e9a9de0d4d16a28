#include <metal_stdlib>

#include "arguments.h"

using namespace metal;

// Bit patterns above that of -0.0 and up to that of -inf are the negative
// numbers. Metal's default fast math lets a comparison of floats lose a NaN, a
// comparison of integers cannot. It also needs no bfloat type, which Metal 3.0
// does not have.
template <typename Bits, Bits negative_infinity>
kernel void relu(device Bits *out [[buffer(relu_out)]],
                 device const Bits *input [[buffer(relu_input)]],
                 uint index [[thread_position_in_grid]]) {
  constexpr Bits negative_zero = Bits(1) << (8 * sizeof(Bits) - 1);
  const Bits value = input[index];
  const bool negative = value > negative_zero && value <= negative_infinity;
  out[index] = negative ? Bits(0) : value;
}

// relu.cpp finds these by name.
#define EXPORT(NAME, ...) template [[host_name(NAME)]] [[kernel]] decltype(__VA_ARGS__) __VA_ARGS__;

EXPORT("relu_float", relu<uint, 0xFF800000>)
EXPORT("relu_half", relu<ushort, 0xFC00>)
EXPORT("relu_bfloat16", relu<ushort, 0xFF80>)
