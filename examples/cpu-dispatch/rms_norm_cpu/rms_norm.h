#pragma once

#include <cstdint>

// out[i] = input[i] / sqrt(mean of the squares of input + eps) * weight[i], for one row of `count` numbers.
using RmsNorm = void(float *out, float const *input, float const *weight, int64_t count, float eps);

extern "C" {
RmsNorm rms_norm_baseline;
RmsNorm rms_norm_avx2;
RmsNorm rms_norm_avx512;
}
