/**
  ROCm in one folder, as AMD's installer lays it out: of AMD's own packages where a file in `rpms` lists them, else of
  nixpkgs, which has one release at a time.

  # Type

  Row -> { packages; env; }
*/
{
  lib,
  missing,
  pkgs,
  symlinkJoin,
  vendorFolder,
}:
row:
let
  inherit (pkgs) rocmPackages;
  inherit (rocmPackages.clr) version;
  packaged = vendorFolder "rocm" row.version;
  root = if packaged != null then packaged else ofNixpkgs;
  ofNixpkgs = symlinkJoin {
    name = "rocm-${version}";
    paths = [
      rocmPackages.clr
      rocmPackages.hipblas
      rocmPackages.hipblas-common
      rocmPackages.hipcc
      rocmPackages.hipcub
      rocmPackages.hipsolver
      rocmPackages.hipsparse
      rocmPackages.rocm-core
      rocmPackages.rocm-device-libs
      rocmPackages.rocprim
      rocmPackages.rocthrust
    ];
    postBuild = "ln -s ${rocmPackages.rocm-toolchain} $out/llvm";
  };
in
if packaged != null || lib.hasPrefix "${row.version}." version then
  {
    packages = [ root ];
    env.ROCM_PATH = "${root}";
  }
else
  {
    packages = [
      (missing "rocm-${row.version}" "this nixpkgs has ROCm ${version}, and the variant is for ${row.version}: override the input nixpkgs, or run scripts/update_nix_rpms.py")
    ];
  }
