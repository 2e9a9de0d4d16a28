/**
  The script that does what build-and-copy does, and uploads what is in `build/` then. Its arguments are those of
  `kernel-builder upload`.

  # Type

  Derivation -> Derivation
*/
{
  kernel-builder,
  pkgs,
  writeShellScriptBin,
}:
bundle:
let
  python = "${pkgs.python3.withPackages (_: [ kernel-builder ])}/bin/python3";
in
writeShellScriptBin "build-and-upload" ''
  set -e
  ${python} -m kernel_builder.cli.in_nix copy ${bundle}
  exec ${python} -m kernel_builder upload . "$@"
''
