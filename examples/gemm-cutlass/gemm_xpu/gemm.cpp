#include <algorithm>
#include <cstdint>

#include <c10/core/DeviceGuard.h>
#include <c10/xpu/XPUStream.h>
#include <sycl/sycl.hpp>

#include <cutlass/epilogue/collective/default_epilogue.hpp>
#include <cutlass/epilogue/collective/xe_epilogue.hpp>
#include <cutlass/epilogue/fusion/xe_callbacks.hpp>
#include <cutlass/gemm/collective/collective_mma.hpp>
#include <cutlass/gemm/device/gemm_universal.h>
#include <cutlass/gemm/device/gemm_universal_adapter.h>

#include "torch_binding.h"

namespace {

namespace collective = cutlass::gemm::collective;
namespace epilogue = cutlass::epilogue;

using cute::_1;
using cute::_256;
using cute::_32;
using RowMajor = cutlass::layout::RowMajor;

// A row is read in blocks of no less than 64 bytes.
constexpr int64_t least_columns = 32;

// Sums, and what is added to them, are float32; the result is rounded as it is written.
template <typename Element> struct Product {
  using Tile = cute::Shape<_256, _256, _32>;
  // Eight rows of four subgroups share a tile.
  using Subgroups = cute::Layout<cute::Shape<cute::_8, cute::_4, _1>, cute::Stride<cute::_4, _1, cute::_0>>;
  using Atom = cute::MMA_Atom<cute::XE_DPAS_TT<8, float, Element>>;
  using Mma = typename cute::TiledMMAHelper<Atom, cute::Layout<Tile>, Subgroups>::TiledMMA;
  using StrideA = cutlass::gemm::TagToStrideA_t<RowMajor>;
  using StrideB = cutlass::gemm::TagToStrideB_t<RowMajor>;
  using StrideOut = cutlass::gemm::TagToStrideC_t<RowMajor>;
  using Sum = epilogue::fusion::LinearCombination<Element, float, float, float>;
  using Callbacks =
      epilogue::fusion::FusionCallbacks<epilogue::IntelXeGeneric, Sum, Tile, decltype(cute::tile_shape(Mma()))>;
  // Where there is void, the library chooses how memory is read and written.
  using Epilogue = epilogue::collective::CollectiveEpilogue<epilogue::IntelXeGeneric, Tile, void, float, StrideOut,
                                                            Element, StrideOut, Callbacks, void, void>;
  using Mainloop = collective::CollectiveMma<cutlass::gemm::MainloopXeL1Staged<2>, Tile, Element, StrideA, Element,
                                             StrideB, Mma, void, void, void, cute::identity, void, void, void,
                                             cute::identity>;
  using Kernel = cutlass::gemm::kernel::GemmUniversal<cute::Shape<int, int, int, int>, Mainloop, Epilogue>;
  using Gemm = cutlass::gemm::device::GemmUniversalAdapter<Kernel>;
};

template <typename Element>
void launch(at::Tensor &out, at::Tensor const &a, at::Tensor const &b, at::Tensor const *added, sycl::queue &queue) {
  using Gemm = typename Product<Element>::Gemm;
  int64_t const m = a.size(0);
  int64_t const n = b.size(1);
  int64_t const k = a.size(1);
  typename Gemm::Arguments const arguments{
      cutlass::gemm::GemmUniversalMode::kGemm,
      {static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), 1},
      {static_cast<Element const *>(a.const_data_ptr()), cute::make_stride(k, _1{}, int64_t{0}),
       static_cast<Element const *>(b.const_data_ptr()), cute::make_stride(_1{}, n, int64_t{0})},
      {{1.0F, added != nullptr ? 1.0F : 0.0F},
       added != nullptr ? static_cast<float const *>(added->const_data_ptr()) : nullptr,
       cute::make_stride(n, _1{}, int64_t{0}), static_cast<Element *>(out.mutable_data_ptr()),
       cute::make_stride(n, _1{}, int64_t{0})},
      cutlass::KernelHardwareInfo{}};
  Gemm gemm;
  cutlass::Status status = gemm.can_implement(arguments);
  if (status == cutlass::Status::kSuccess) {
    status = gemm.run(arguments, nullptr, &queue);
  }
  TORCH_CHECK(status == cutlass::Status::kSuccess, "gemm: SYCL*TLA says: ", cutlass::cutlassGetStatusString(status));
}

// The matrix, with zeros at the right and at the bottom where it is smaller than that.
at::Tensor padded(at::Tensor const &matrix, int64_t rows, int64_t columns) {
  if (matrix.size(0) == rows && matrix.size(1) == columns) {
    return matrix;
  }
  at::Tensor wide = matrix.new_zeros({rows, columns});
  wide.narrow(0, 0, matrix.size(0)).narrow(1, 0, matrix.size(1)).copy_(matrix);
  return wide;
}

} // namespace

void gemm_dense(at::Tensor &out, at::Tensor const &a, at::Tensor const &b, at::Tensor const *bias) {
  c10::DeviceGuard const guard(out.device());
  sycl::queue &queue = c10::xpu::getCurrentXPUStream(out.device().index()).queue();
  int64_t const m = a.size(0);
  int64_t const n = std::max(b.size(1), least_columns);
  int64_t const k = std::max(a.size(1), least_columns);
  at::Tensor result = n == out.size(1) ? out : out.new_empty({m, n});
  at::Tensor added;
  if (bias != nullptr) {
    // A matrix is read in blocks, whose rows cannot all be the same memory.
    added = padded(bias->unsqueeze(0).expand({m, bias->size(0)}).to(at::kFloat), m, n).contiguous();
  }
  at::Tensor const wide_a = padded(a, m, k);
  at::Tensor const wide_b = padded(b, k, n);
  at::Tensor const *source = bias != nullptr ? &added : nullptr;
  if (out.scalar_type() == at::kHalf) {
    launch<cutlass::half_t>(result, wide_a, wide_b, source, queue);
  } else {
    launch<cutlass::bfloat16_t>(result, wide_a, wide_b, source, queue);
  }
  if (!result.is_same(out)) {
    out.copy_(result.narrow(1, 0, out.size(1)));
  }
}
