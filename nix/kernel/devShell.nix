/**
  The shell to develop a kernel in, with everything that one variant is built with.

  # Type

  { config; target; python :: Derivation; nativeCheckInputs :: [ Derivation ]; } -> Derivation
*/
{
  cmake,
  enterVenv,
  lib,
  mkShell,
  ninja,
  toolchain,
}:
{
  config,
  target,
  python,
  nativeCheckInputs,
}:
let
  world = toolchain target.row;
in
mkShell.override { inherit (world) stdenv; } {
  name = "${config.name}-${target.name}-shell";
  packages = [
    python
    cmake
    ninja
  ]
  ++ world.packages
  ++ nativeCheckInputs;
  env = world.env;
  shellHook =
    enterVenv python
    + lib.optionalString (config.repoId != null) ''
      export LOCAL_KERNELS="${config.repoId}=$PWD/build"
    '';
}
