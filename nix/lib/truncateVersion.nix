/**
  As many components of a version as another has.

  # Type

  String -> String -> String

  # Example

  truncateVersion "13.2" "13" => "13"
*/
{ lib, ... }:
version: bound:
let
  components = lib.splitString "." version;
in
lib.concatStringsSep "." (lib.take (builtins.length (lib.splitString "." bound)) components)
