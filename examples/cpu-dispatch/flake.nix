{
  description = "A kernel that uses what the CPU has";
  inputs.builder.url = "github:huggingface/kernels";
  outputs =
    { self, builder }:
    builder.lib.genKernelFlakeOutputs {
      inherit self;
      path = ./.;
    };
}
