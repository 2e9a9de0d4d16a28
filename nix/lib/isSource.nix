/**
  Whether a build of a kernel takes in a file: `build.toml`, its sources, what is below its include folders, and the
  Python files of the extension. Hidden files and what other builds left are none.

  # Type

  Config -> String -> Bool
*/
{ lib, own, ... }:
config:
let
  parts = [ config ] ++ config.components;
  patterns = map own.globRegex (lib.unique (lib.concatMap (part: part.src) parts));
  clean = folder: lib.removeSuffix "/" (lib.removePrefix "./" folder);
  folders = lib.unique (map clean (lib.concatMap (part: part.include) parts));
  left = [
    ".kernel-builder"
    "build"
    "build-ext"
    "result"
  ];
  isLeft = name: builtins.elem (builtins.head (lib.splitString "/" name)) left;
  isBelow = folder: name: if folder == "." || folder == "" then !isLeft name else lib.hasPrefix "${folder}/" name;
  isPython =
    name: lib.hasPrefix "${config.pythonDir}/" name && lib.any (extension: lib.hasSuffix ".${extension}" name) config.pyext;
in
name:
name == "build.toml"
|| lib.any (pattern: builtins.match pattern name != null) patterns
|| (
  lib.all (part: !lib.hasPrefix "." part && part != "__pycache__") (lib.splitString "/" name)
  && (isPython name || lib.any (folder: isBelow folder name) folders)
)
