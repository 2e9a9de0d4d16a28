/**
  oneAPI, and the compiler that it needs for GPUs. nixpkgs has one release at a time.

  # Type

  Row -> { packages; env; }
*/
{
  lib,
  missing,
  pkgs,
}:
row:
let
  toolkit = pkgs.intel-oneapi.base;
in
if lib.hasPrefix "${row.version}." toolkit.version then
  {
    packages = [
      toolkit
      pkgs.intel-compute-runtime
    ];
    env.ONEAPI_ROOT = "${toolkit}";
  }
else
  {
    packages = [
      (missing "oneapi-${row.version}" "this nixpkgs has oneAPI ${toolkit.version}, and the variant is for ${row.version}: override the input nixpkgs")
    ];
  }
