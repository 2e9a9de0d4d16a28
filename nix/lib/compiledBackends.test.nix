{ own, ... }:
{
  "CUDA comes first, the CPU last" = {
    expr = [
      (builtins.head own.compiledBackends)
      (builtins.elemAt own.compiledBackends 4)
    ];
    expected = [
      "cuda"
      "cpu"
    ];
  };
}
