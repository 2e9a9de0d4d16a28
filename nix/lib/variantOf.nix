/**
  The name of a kernel's variant in one row of the matrix, or `null` where it has none; as
  `kernel_builder.matrix.select.target_for`.

  # Type

  Config -> Row -> (String | Null)
*/
{ lib, own, ... }:
config: row:
let
  inherit (row) backend;
  stableAbi = config.stableAbi backend;
  abi = lib.concatStringsSep "." (lib.take 2 (lib.splitString "." stableAbi ++ [ "0" ]));
  world = "${own.computeTag row}-${row.system}";
  isCompiled = lib.any (component: component.backend == backend) config.components;
  isWanted =
    builtins.elem backend config.backends
    && own.isWithin config.bounds.${backend} row.version
    && own.isWithin config.bounds.torch row.torch;
in
if !isWanted then
  null
else if config.framework == "torch-noarch" then
  "torch-${backend}"
else if !isCompiled then
  null
else if config.framework == "tvm-ffi" then
  (if row.tvmFfi == null then null else "tvm-ffi${own.digits row.tvmFfi}-${world}")
else if stableAbi == null then
  own.torchVariantName row
else if builtins.compareVersions abi row.torch <= 0 then
  "torch-stable-abi${own.digits abi}-${world}"
else
  null
