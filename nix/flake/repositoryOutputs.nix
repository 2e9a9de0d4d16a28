/**
  The outputs of this repository's own flake.

  # Type

  { lib; kernelLib; kits :: { <system> :: Kit; }; } -> Outputs
*/
{
  lib,
  kernelLib,
  kits,
}:
let
  packages = lib.mapAttrs (_: kit: {
    default = kit.kernel-builder;
    inherit (kit) kernels kernel-builder;
  }) kits;
in
{
  inherit packages;
  apps = lib.mapAttrs (_: kit: {
    default = {
      type = "app";
      program = "${kit.pkgs.python3.withPackages (_: [ kit.kernel-builder ])}/bin/kernel-builder";
    };
  }) kits;
  devShells = lib.mapAttrs (_: kit: {
    default = kit.pkgs.mkShell {
      name = "kernel-builder-shell";
      packages = [
        (kit.pkgs.python3.withPackages (python: [
          kit.kernel-builder
          python.pytest
        ]))
        kit.pkgs.cmake
        kit.pkgs.ninja
      ];
    };
  }) kits;
  checks = lib.mapAttrs (_: kit: {
    inherit (kit) kernel-builder;
    library = import ./libraryCheck.nix { inherit lib kernelLib; inherit (kit) pkgs; };
  }) kits;
  formatter = lib.mapAttrs (_: kit: kit.pkgs.nixfmt) kits;
  hydraJobs = packages;
}
