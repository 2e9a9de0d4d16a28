/**
  oneAPI, and the compiler that it needs for GPUs: of Intel's own packages where a file in `rpms` lists them, else of
  nixpkgs, which has one release at a time.

  # Type

  Row -> { packages; env; }
*/
{
  lib,
  missing,
  pkgs,
  vendorFolder,
}:
row:
let
  inherit (pkgs.intel-oneapi.base) version;
  packaged = vendorFolder "oneapi" row.version;
  toolkit = if packaged != null then packaged else pkgs.intel-oneapi.base;
in
if packaged != null || lib.hasPrefix "${row.version}." version then
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
      (missing "oneapi-${row.version}" "this nixpkgs has oneAPI ${version}, and the variant is for ${row.version}: override the input nixpkgs, or run scripts/update_nix_rpms.py")
    ];
  }
