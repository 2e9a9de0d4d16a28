#include <metal_stdlib>

using namespace metal;

// Metal 3.0 has no bfloat type: the numbers travel as their bits, which are the upper half of a float's.
struct Bfloat16 {
  ushort bits;
};

inline float widen(float value) { return value; }
inline float widen(half value) { return float(value); }
inline float widen(Bfloat16 value) { return as_type<float>(uint(value.bits) << 16); }

inline void store(device float *place, float value) { *place = value; }
inline void store(device half *place, float value) { *place = half(value); }
inline void store(device Bfloat16 *place, float value) {
  const uint bits = as_type<uint>(value);
  // Fast math may lose a comparison of floats with NaN; a comparison of bits it cannot.
  const bool nan = (bits & 0x7FFFFFFF) > 0x7F800000;
  // To the nearest, and halves to the even one.
  const uint rounded = bits + 0x7FFF + ((bits >> 16) & 1);
  place->bits = nan ? ushort((bits >> 16) | 0x40) : ushort(rounded >> 16);
}

// One threadgroup for each row, of whole simdgroups. In place, a thread overwrites only what it alone reads.
template <typename T>
kernel void rms_norm(device T *out [[buffer(0)]],
                     device const T *input [[buffer(1)]],
                     device const T *weight [[buffer(2)]],
                     constant uint &columns [[buffer(3)]],
                     constant float &eps [[buffer(4)]],
                     uint row [[threadgroup_position_in_grid]],
                     uint thread [[thread_position_in_threadgroup]],
                     uint threads [[threads_per_threadgroup]],
                     uint lane [[thread_index_in_simdgroup]],
                     uint simdgroup [[simdgroup_index_in_threadgroup]],
                     uint simdgroups [[simdgroups_per_threadgroup]]) {
  threadgroup float sums[32];
  const device T *in_row = input + ulong(row) * columns;
  device T *out_row = out + ulong(row) * columns;

  float sum = 0;
  for (uint column = thread; column < columns; column += threads) {
    const float value = widen(in_row[column]);
    sum += value * value;
  }
  sum = simd_sum(sum);
  if (lane == 0) {
    sums[simdgroup] = sum;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float total = 0;
  for (uint i = 0; i < simdgroups; ++i) {
    total += sums[i];
  }
  const float scale = precise::rsqrt(total / float(columns) + eps);
  for (uint column = thread; column < columns; column += threads) {
    store(out_row + column, widen(in_row[column]) * scale * widen(weight[column]));
  }
}

// rms_norm.mm finds these by name.
#define EXPORT(NAME, T) template [[host_name(NAME)]] [[kernel]] decltype(rms_norm<T>) rms_norm<T>;

EXPORT("rms_norm_float", float)
EXPORT("rms_norm_half", half)
EXPORT("rms_norm_bfloat16", Bfloat16)
