/**
  The builds of a kernel on one system, in the order of the matrix; as `kernel_builder.matrix.select`.

  A kernel on the stable ABI is built with the newest Torch of each compute version, since that one build serves every
  release; a Python-only kernel is built once for each backend.

  # Type

  Config -> Matrix -> String -> [ { name :: String; row :: Row; } ]
*/
{ lib, own, ... }:
config: matrix: system:
let
  rows = builtins.filter (row: row.system == system) matrix.rows;
  candidates = builtins.filter (target: target.name != null) (
    map (row: {
      name = own.variantOf config row;
      inherit row;
    }) rows
  );
  newest = builtins.listToAttrs (map (target: lib.nameValuePair target.name target) (lib.reverseList candidates));
in
map (name: newest.${name}) (lib.unique (map (target: target.name) candidates))
