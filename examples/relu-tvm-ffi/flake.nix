{
  description = "ReLU on tvm-ffi, which serves every release of Torch";
  inputs.builder.url = "path:../..";
  outputs =
    { self, builder }:
    builder.lib.genKernelFlakeOutputs {
      inherit self;
      path = ./.;
    };
}
