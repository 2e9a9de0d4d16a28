/**
  CUDA of one release, and the C++ compiler that its nvcc takes.

  # Type

  Row -> { stdenv; packages; env; }
*/
{ missing, pkgs }:
row:
let
  name = "cudaPackages_${builtins.replaceStrings [ "." ] [ "_" ] row.version}";
  cudaPackages = pkgs.${name};
in
if !(pkgs ? ${name}) then
  {
    packages = [ (missing "cuda-${row.version}" "this nixpkgs has no ${name}: choose another version of CUDA") ];
  }
else
  {
    stdenv = cudaPackages.backendStdenv;
    packages = [ cudaPackages.cudatoolkit ];
    env.CUDACXX = "${cudaPackages.cudatoolkit}/bin/nvcc";
  }
