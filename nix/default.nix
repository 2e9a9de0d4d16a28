/**
  What the flake gives.

  # Type

  { self :: Flake; nixpkgs :: Flake; } -> Outputs
*/
{ self, nixpkgs }:
let
  inherit (nixpkgs) lib;
  kernelLib = import ./lib { inherit lib; };
  matrixFile = ../builder/kernel_builder/matrix/build-matrix.json;
  inherit (kernelLib.readMatrix { file = matrixFile; }) systems;

  kits = lib.genAttrs systems (
    system:
    import ./kit.nix {
      inherit lib kernelLib;
      root = self;
      pkgs = import nixpkgs {
        inherit system;
        config.allowUnfree = true; # the toolkits of CUDA and oneAPI
        overlays = [ ];
      };
    }
  );
in
import ./flake/repositoryOutputs.nix { inherit lib kernelLib kits; }
// {
  lib = {
    genKernelFlakeOutputs = import ./flake/genKernelFlakeOutputs.nix {
      inherit lib kernelLib kits matrixFile;
    };
    tests = kernelLib.runTests ./lib;
  };
  nixosModules.buildMachine = import ./cloud/buildMachine.nix;
}
