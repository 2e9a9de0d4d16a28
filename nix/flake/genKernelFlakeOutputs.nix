/**
  The outputs of a kernel's own flake.

  # Type

  {
    self :: Flake;
    path :: Path;
    pythonCheckInputs ? PythonPackages -> [ Derivation ];
    pythonNativeCheckInputs ? PythonPackages -> [ Derivation ];
    doGetKernelCheck ? Bool;
    torchVersions ? [ Release ] -> [ Release ];
  } -> Outputs

  - `path`: the folder of `build.toml`.
  - `pythonCheckInputs`: Python packages for tests and shells, such as `pkgs: with pkgs; [ numpy ]`.
  - `pythonNativeCheckInputs`: programs for them, from the same set.
  - `doGetKernelCheck`: whether each build is loaded once. Leave it on; it is for kernels that need a GPU to load.
  - `torchVersions`: the releases to build for, from those of the build matrix.
*/
{
  lib,
  kernelLib,
  kits,
  matrixFile,
}:
{
  self,
  path,
  pythonCheckInputs ? (_: [ ]),
  pythonNativeCheckInputs ? (_: [ ]),
  doGetKernelCheck ? true,
  torchVersions ? (releases: releases),
}:
let
  config = kernelLib.readBuildToml path;
  matrix = kernelLib.readMatrix {
    file = matrixFile;
    inherit torchVersions;
  };
  kernel = {
    inherit config path pythonCheckInputs pythonNativeCheckInputs doGetKernelCheck;
    provenance = kernelLib.provenanceFlags self;
  };
  perSystem = lib.mapAttrs (
    system: kit:
    import ./kernelOutputs.nix {
      inherit lib kernelLib kit kernel;
      targets = kernelLib.selectTargets config matrix system;
    }
  ) kits;
  output = name: lib.mapAttrs (_: outputs: outputs.${name}) perSystem;
in
lib.genAttrs [
  "packages"
  "legacyPackages"
  "apps"
  "devShells"
  "checks"
  "formatter"
] output
// {
  hydraJobs = lib.mapAttrs (_: outputs: outputs.legacyPackages.redistributable) perSystem;
}
