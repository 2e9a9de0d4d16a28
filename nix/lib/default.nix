/**
  The library: functions of values, one a file, each with the name of its file. They need the `lib` of nixpkgs and
  nothing else, and take no packages; their tests stand beside them, in `<name>.test.nix`.

  # Type

  { lib } -> { <name> :: function }
*/
{ lib }:
let
  functions = lib.filterAttrs (
    name: kind: kind == "regular" && lib.hasSuffix ".nix" name && name != "default.nix" && !lib.hasSuffix ".test.nix" name
  ) (builtins.readDir ./.);
  own = lib.mapAttrs' (
    name: _: lib.nameValuePair (lib.removeSuffix ".nix" name) (import (./. + "/${name}") { inherit lib own; })
  ) functions;
in
own
