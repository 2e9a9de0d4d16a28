// Compiled several times, each with other instructions and another name for the function. Nothing here may come from a
// header that has code: of an inline function that is compiled twice, the linker keeps one, and a CPU without AVX-512
// would get the one that needs it.

#include "rms_norm.h"

namespace {

// As many sums as the widest registers have lanes, twice: each is independent of its neighbours, so that the compiler
// can keep them in registers of whatever width it has.
constexpr int64_t lanes = 32;

} // namespace

void RMS_NORM(float *out, float const *input, float const *weight, int64_t count, float eps) {
  float sums[lanes] = {};
  int64_t const whole = count - count % lanes;
  for (int64_t i = 0; i < whole; i += lanes) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      sums[lane] += input[i + lane] * input[i + lane];
    }
  }
  float sum = 0;
  for (int64_t i = whole; i < count; ++i) {
    sum += input[i] * input[i];
  }
  for (int64_t lane = 0; lane < lanes; ++lane) {
    sum += sums[lane];
  }
  float const scale = 1 / __builtin_sqrtf(sum / static_cast<float>(count) + eps);
  for (int64_t i = 0; i < count; ++i) {
    out[i] = input[i] * scale * weight[i];
  }
}
