/**
  The script that puts the variants of a bundle into `build/` of the folder that it runs in, each in one step.

  # Type

  Derivation -> Derivation
*/
{
  kernel-builder,
  pkgs,
  writeShellScriptBin,
}:
bundle:
writeShellScriptBin "build-and-copy" ''
  exec ${pkgs.python3.withPackages (_: [ kernel-builder ])}/bin/python3 -m kernel_builder.cli.in_nix copy ${bundle} "$@"
''
