/**
  The part of this repository that its two distributions are made from.

  # Type

  Flake -> StorePath
*/
{ kernelLib, lib }:
root:
kernelLib.filterTree {
  path = root;
  name = "kernel-builder-source";
  isTaken =
    name:
    lib.any (folder: lib.hasPrefix "${folder}/" name) [
      "builder"
      "loader"
      "templates"
    ]
    && !lib.hasSuffix ".pyc" name;
}
