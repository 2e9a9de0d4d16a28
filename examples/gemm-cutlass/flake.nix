{
  description = "A matrix product with CUTLASS and SYCL*TLA";
  inputs.builder.url = "github:huggingface/kernels";
  outputs =
    { self, builder }:
    builder.lib.genKernelFlakeOutputs {
      inherit self;
      path = ./.;
    };
}
