#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

// Of the many headers of CUTLASS, those of the one kernel that is used.
#include <cutlass/bfloat16.h>
#include <cutlass/epilogue/thread/linear_combination.h>
#include <cutlass/gemm/device/gemm_universal.h>
#include <cutlass/half.h>

#include "torch_binding.h"

namespace {

// Each element type is a kernel of its own, and takes its time to compile: there is one way to cut a matrix into tiles.
template <typename Element>
using Gemm = cutlass::gemm::device::GemmUniversal<
    Element, cutlass::layout::RowMajor,                 // a
    Element, cutlass::layout::RowMajor,                 // b
    Element, cutlass::layout::RowMajor,                 // bias and out
    float,                                              // sums
    cutlass::arch::OpClassTensorOp, cutlass::arch::Sm80,
    cutlass::gemm::GemmShape<128, 128, 32>,             // of a block
    cutlass::gemm::GemmShape<64, 64, 32>,               // of a warp
    cutlass::gemm::GemmShape<16, 8, 16>,                // of an instruction
    cutlass::epilogue::thread::LinearCombination<Element, elements_per_access, float, float>,
    cutlass::gemm::threadblock::GemmIdentityThreadblockSwizzle<8>,
    4,                                                  // tiles that are on their way to shared memory
    elements_per_access, elements_per_access>;

template <typename Element>
void launch(at::Tensor &out, at::Tensor const &a, at::Tensor const &b, at::Tensor const *bias, cudaStream_t stream) {
  int const m = static_cast<int>(a.size(0));
  int const n = static_cast<int>(b.size(1));
  int const k = static_cast<int>(a.size(1));
  // The bias is a matrix whose rows are all the same memory.
  typename Gemm<Element>::Arguments const arguments(
      cutlass::gemm::GemmUniversalMode::kGemm, {m, n, k}, 1, {1.0F, bias != nullptr ? 1.0F : 0.0F},
      a.const_data_ptr(), b.const_data_ptr(), bias != nullptr ? bias->const_data_ptr() : nullptr,
      out.mutable_data_ptr(), 0, 0, 0, 0, k, n, 0, n);
  Gemm<Element> gemm;
  cutlass::Status status = gemm.can_implement(arguments);
  if (status == cutlass::Status::kSuccess) {
    status = gemm.initialize(arguments, nullptr, stream);
  }
  if (status == cutlass::Status::kSuccess) {
    status = gemm.run(stream);
  }
  C10_CUDA_CHECK(cudaGetLastError());
  TORCH_CHECK(status == cutlass::Status::kSuccess, "gemm: CUTLASS says: ", cutlass::cutlassGetStatusString(status));
}

} // namespace

void gemm_dense(at::Tensor &out, at::Tensor const &a, at::Tensor const &b, at::Tensor const *bias) {
  c10::cuda::CUDAGuard const guard(a.device());
  cudaStream_t const stream = c10::cuda::getCurrentCUDAStream().stream();
  if (a.scalar_type() == at::kHalf) {
    launch<cutlass::half_t>(out, a, b, bias, stream);
  } else {
    launch<cutlass::bfloat16_t>(out, a, b, bias, stream);
  }
}
