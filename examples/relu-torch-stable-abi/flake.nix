{
  description = "ReLU, one build for many releases of Torch";
  inputs.builder.url = "github:huggingface/kernels";
  outputs =
    { self, builder }:
    builder.lib.genKernelFlakeOutputs {
      inherit self;
      path = ./.;
    };
}
