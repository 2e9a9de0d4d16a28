/**
  The backends whose kernels are compiled, in the order in which one is chosen where a kernel has several.

  # Type

  [ String ]
*/
{ ... }: [
  "cuda"
  "rocm"
  "xpu"
  "metal"
  "cpu"
]
