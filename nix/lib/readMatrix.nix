/**
  Read the build matrix, as `kernel_builder.matrix.rows` does: one row for each Torch release, backend, version of what
  it computes on, and system.

  # Type

  { file :: Path; torchVersions ? [ Release ] -> [ Release ]; } ->
    { systems :: [ String ]; rows :: [ { torch; backend; version; system; tvmFfi; } ]; }

  `version` and `tvmFfi` are `null` where there is none. `torchVersions` gets the releases as the file has them and
  returns those to build for.
*/
{ lib, own, ... }:
{
  file,
  torchVersions ? (releases: releases),
}:
let
  matrix = lib.importJSON file;

  versionsOf =
    release: backend:
    let
      listed = release.${backend} or (!builtins.elem backend own.compiledBackends);
    in
    if builtins.isList listed then listed else lib.optional listed null;

  tvmFfiOf =
    release: backend: version:
    if release ? tvm-ffi && builtins.elem version (versionsOf ({ ${backend} = false; } // release.tvm-ffi) backend) then
      release.tvm-ffi.version
    else
      null;

  rowsOf =
    release:
    lib.concatMap (
      backend:
      lib.concatMap (
        version:
        map (system: {
          torch = release.version;
          inherit backend version system;
          tvmFfi = tvmFfiOf release backend version;
        }) matrix.backends.${backend}
      ) (versionsOf release backend)
    ) (builtins.attrNames matrix.backends);
in
{
  inherit (matrix) systems;
  rows = lib.concatMap rowsOf (torchVersions matrix.torch);
}
