{
  description = "ReLU, one build for many releases of Torch";
  inputs.builder.url = "path:../..";
  outputs =
    { self, builder }:
    builder.lib.genKernelFlakeOutputs {
      inherit self;
      path = ./.;
    };
}
