{
  description = "A kernel with code of its own for some devices";
  inputs.builder.url = "github:huggingface/kernels";
  outputs =
    { self, builder }:
    builder.lib.genKernelFlakeOutputs {
      inherit self;
      path = ./.;
    };
}
