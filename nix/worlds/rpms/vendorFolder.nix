/**
  The folder of a vendor's own packages, joined, where a file beside this one lists them; otherwise null.

  # Type

  String -> String -> Derivation | Null

  # Example

  vendorFolder "rocm" "7.1"
*/
{ lib, rpmSet }:
name: release:
let
  metadata = ./. + "/${name}-${release}.json";
in
if builtins.pathExists metadata then (rpmSet { metadata = lib.importJSON metadata; }).joined else null
