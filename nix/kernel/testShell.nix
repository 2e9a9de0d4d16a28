/**
  The shell to test a kernel in: Python finds the kernel, as Nix built it, under its name, and the loader under its
  repository.

  # Type

  { config; target; tree :: Derivation; package :: Derivation; python :: Derivation; nativeCheckInputs :: [ Derivation ]; } -> Derivation
*/
{
  enterVenv,
  lib,
  linkFarm,
  mkShell,
}:
{
  config,
  target,
  tree,
  package,
  python,
  nativeCheckInputs,
}:
let
  variants = linkFarm "${config.name}-${target.name}-variants" [
    {
      inherit (target) name;
      path = tree;
    }
  ];
in
mkShell {
  name = "${config.name}-${target.name}-test-shell";
  packages = [ python ] ++ nativeCheckInputs;
  shellHook =
    enterVenv python
    + ''
      export PYTHONPATH="${package}" PYTHONDONTWRITEBYTECODE=1
    ''
    + lib.optionalString (config.repoId != null) ''
      export LOCAL_KERNELS="${config.repoId}=${variants}"
    '';
}
