/**
  Everything that depends on the packages of one system: the two distributions of this repository, what each world of
  the matrix is built with, and the functions that make derivations.

  # Type

  { lib; kernelLib; root :: Flake; pkgs; } -> Kit
*/
{
  lib,
  kernelLib,
  root,
  pkgs,
}:
lib.fix (
  kit:
  let
    call = file: lib.callPackageWith (pkgs // kit) file { };
  in
  {
    inherit pkgs kernelLib kit;
    pythonPackages = pkgs.python3.pkgs;

    source = call ./packages/source.nix root;
    kernels = call ./packages/kernels.nix;
    kernel-builder = call ./packages/kernelBuilder.nix;

    missing = call ./packages/missing.nix;
    wheel = call ./packages/wheel.nix;
    framework = call ./worlds/framework.nix;
    rpmSet = call ./worlds/rpms/rpmSet.nix;
    vendorFolder = call ./worlds/rpms/vendorFolder.nix;
    cudaToolchain = call ./worlds/cudaToolchain.nix;
    metalToolchain = call ./worlds/metalToolchain.nix;
    rocmToolchain = call ./worlds/rocmToolchain.nix;
    xpuToolchain = call ./worlds/xpuToolchain.nix;
    toolchain = call ./worlds/toolchain.nix;
    dependencies = call ./worlds/dependencies.nix;

    buildVariant = call ./kernel/buildVariant.nix;
    testEnvironment = call ./kernel/testEnvironment.nix;
    enterVenv = call ./kernel/enterVenv.nix;
    bundle = call ./kernel/bundle.nix;
    buildAndCopy = call ./kernel/buildAndCopy.nix;
    buildAndUpload = call ./kernel/buildAndUpload.nix;
    ciTest = call ./kernel/ciTest.nix;
    devShell = call ./kernel/devShell.nix;
    testShell = call ./kernel/testShell.nix;
  }
)
