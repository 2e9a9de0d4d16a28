/**
  A copy, in the store, of those files of a folder that a predicate takes, under a fixed name: what is left out does not
  change its path. Folders come along only where a file below them does.

  # Type

  { path :: Path; name :: String; isTaken :: String -> Bool; } -> StorePath

  `isTaken` gets the path of a file from the top of the folder.
*/
{ lib, ... }:
{
  path,
  name,
  isTaken,
}:
let
  top = builtins.unsafeDiscardStringContext (toString path);
  # Where the store is not at its usual place, Nix gives the place that it is at.
  relative = file: lib.last (lib.splitString "${top}/" file);
  hasAny =
    folder:
    let
      entries = builtins.readDir (path + "/${folder}");
    in
    lib.any (
      entry:
      if entries.${entry} == "directory" then
        isEntered entry && hasAny "${folder}/${entry}"
      else
        isTaken "${folder}/${entry}"
    ) (builtins.attrNames entries);
  isEntered = entry: !lib.hasPrefix "." entry && entry != "__pycache__";
in
builtins.path {
  inherit path name;
  filter =
    file: type:
    if type == "directory" then isEntered (baseNameOf file) && hasAny (relative file) else isTaken (relative file);
}
