{
  description = "A matrix product with CUTLASS and SYCL*TLA";
  inputs.builder.url = "path:../..";
  outputs =
    { self, builder }:
    builder.lib.genKernelFlakeOutputs {
      inherit self;
      path = ./.;
    };
}
