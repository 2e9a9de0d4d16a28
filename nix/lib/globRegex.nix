/**
  The regular expression of a pattern in a list of sources: `*` and `?` stand for characters of a name, `**` in place of
  a folder for any number of folders. It may match more than `kernel_builder.config.sources` takes, never less.

  # Type

  String -> String

  # Example

  globRegex "relu/*.cu" => "relu/[^/]*\\.cu"
*/
{ lib, ... }:
pattern:
let
  parts = builtins.filter (part: part != "" && part != ".") (lib.splitString "/" pattern);
  nameOf =
    part: builtins.replaceStrings [ "\\*" "\\?" ] [ "[^/]*" "[^/]" ] (lib.escape (lib.stringToCharacters "\\^$.|?*+()[]{}") part);
  last = lib.last parts;
  folders = map (part: if part == "**" then "([^/]+/)*" else "${nameOf part}/") (lib.init parts);
in
lib.concatStrings folders + (if last == "**" then "([^/]+/)*[^/]+" else nameOf last)
