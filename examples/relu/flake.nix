{
  description = "ReLU, a kernel for five backends";
  inputs.builder.url = "github:huggingface/kernels";
  outputs =
    { self, builder }:
    builder.lib.genKernelFlakeOutputs {
      inherit self;
      path = ./.;
    };
}
