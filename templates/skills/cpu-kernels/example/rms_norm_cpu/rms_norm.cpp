#include <algorithm>
#include <cmath>
#include <cstdint>

#include <ATen/Dispatch_v2.h>
#include <ATen/TensorIterator.h>

#include "torch_binding.h"

namespace {

// A compiler may not reorder a sum of floats, so one sum is one long chain of additions. Sixteen independent ones fill
// a vector of AVX-512, two of AVX2 and four of NEON.
constexpr int64_t lanes = 16;

// Below so many elements, handing a row to another thread costs more than the row.
constexpr int64_t elements_per_task = 32768;

// Inlined, so that it is compiled anew for each instruction set that a caller has.
template <typename T>
[[gnu::always_inline]] inline void normalize_row(T *out, T const *input, T const *weight, int64_t columns, float eps) {
  float sums[lanes] = {};
  int64_t column = 0;
  for (; column + lanes <= columns; column += lanes) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      float const value = static_cast<float>(input[column + lane]);
      sums[lane] += value * value;
    }
  }
  float sum = 0;
  for (float const part : sums) {
    sum += part;
  }
  for (; column < columns; ++column) {
    float const value = static_cast<float>(input[column]);
    sum += value * value;
  }
  float const scale = 1.0F / std::sqrt(sum / static_cast<float>(columns) + eps);
  for (column = 0; column < columns; ++column) {
    out[column] = static_cast<T>(static_cast<float>(input[column]) * scale * static_cast<float>(weight[column]));
  }
}

template <typename T> using Row = void (*)(T *, T const *, T const *, int64_t, float);

template <typename T> void row_baseline(T *out, T const *input, T const *weight, int64_t columns, float eps) {
  normalize_row(out, input, weight, columns, eps);
}

#if defined(__x86_64__)
template <typename T>
[[gnu::target("avx2,fma")]] void row_avx2(T *out, T const *input, T const *weight, int64_t columns, float eps) {
  normalize_row(out, input, weight, columns, eps);
}

template <typename T>
[[gnu::target("avx512f,avx512bw,avx512vl,fma")]] void row_avx512(T *out, T const *input, T const *weight,
                                                                 int64_t columns, float eps) {
  normalize_row(out, input, weight, columns, eps);
}
#endif

// The best that this processor has. NEON and SSE2 are part of the baseline of their architectures.
template <typename T> Row<T> choose_row() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return row_avx512<T>;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return row_avx2<T>;
  }
#endif
  return row_baseline<T>;
}

} // namespace

void rms_norm_rows(at::Tensor &out, at::Tensor const &input, at::Tensor const &weight, double eps) {
  int64_t const columns = input.size(-1);
  // One element stands for its row. The iterator divides the rows over Torch's own threads: at::parallel_for is inlined
  // here, is serial without -fopenmp, and with it needs libgomp, a library that a kernel may not depend on.
  at::Tensor out_rows = out.view({-1, columns}).select(1, 0);
  at::Tensor const input_rows = input.view({-1, columns}).select(1, 0);
  at::TensorIterator iterator = at::TensorIteratorConfig().add_output(out_rows).add_const_input(input_rows).build();
  AT_DISPATCH_V2(input.scalar_type(), "rms_norm", AT_WRAP([&] {
    static Row<scalar_t> const normalize = choose_row<scalar_t>();
    auto const *const factors = static_cast<scalar_t const *>(weight.const_data_ptr());
    auto const rows_of = [&](char **data, int64_t const *strides, int64_t rows) {
      for (int64_t row = 0; row < rows; ++row) {
        normalize(reinterpret_cast<scalar_t *>(data[0] + row * strides[0]),
                  reinterpret_cast<scalar_t const *>(data[1] + row * strides[1]), factors, columns,
                  static_cast<float>(eps));
      }
    };
    iterator.for_each(rows_of, std::max<int64_t>(1, elements_per_task / columns));
  }), at::kFloat, at::kHalf, at::kBFloat16);
}
