/**
  What the builder is told of the sources: the commit where the flake knows it. Without, it hashes the sources, as it
  does wherever there is no git; the hash of the whole flake would change with every build that is put into it.

  # Type

  Flake -> [ String ]
*/
{ lib, ... }:
self:
let
  dirty = lib.removeSuffix "-dirty" (self.dirtyRev or "");
in
if self ? rev then
  [
    "--kernel-sha"
    self.rev
  ]
else
  lib.optionals (dirty != "") [
    "--kernel-sha"
    dirty
    "--kernel-dirty"
  ]
