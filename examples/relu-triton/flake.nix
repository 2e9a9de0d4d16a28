{
  description = "ReLU in Triton";
  inputs.builder.url = "path:../..";
  outputs =
    { self, builder }:
    builder.lib.genKernelFlakeOutputs {
      inherit self;
      path = ./.;
    };
}
