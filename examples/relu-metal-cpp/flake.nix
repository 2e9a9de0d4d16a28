{
  description = "ReLU for the GPUs of Apple, in C++ with metal-cpp";
  inputs.builder.url = "path:../..";
  outputs =
    { self, builder }:
    builder.lib.genKernelFlakeOutputs {
      inherit self;
      path = ./.;
    };
}
