/**
  The target that is taken where one has to stand for all: of the first backend that the kernel has in the order of
  `compiledBackends`, the newest Torch, and of that the oldest version of what it computes on. `null` where there is none.

  # Type

  [ Target ] -> (Target | Null)
*/
{ lib, own, ... }:
targets:
let
  isBefore =
    left: right:
    let
      releases = builtins.compareVersions left.row.torch right.row.torch;
      versions = builtins.compareVersions (toString left.row.version) (toString right.row.version);
    in
    releases > 0 || (releases == 0 && versions < 0);
  of = backend: builtins.sort isBefore (builtins.filter (target: target.row.backend == backend) targets);
  found = lib.concatMap of own.compiledBackends ++ targets;
in
if found == [ ] then null else builtins.head found
