/**
  The name of a variant that is made for one Torch release.

  # Type

  Row -> String

  # Example

  torchVariantName { torch = "2.13"; backend = "cpu"; version = null; system = "x86_64-linux"; }
    => "torch213-cxx11-cpu-x86_64-linux"
*/
{ lib, own, ... }:
row:
lib.concatStringsSep "-" (
  [ "torch${own.digits row.torch}" ]
  ++ lib.optional (lib.hasSuffix "-linux" row.system) "cxx11"
  ++ [
    (own.computeTag row)
    row.system
  ]
)
