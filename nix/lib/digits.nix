/**
  A version as the names of variants carry it: without its dots.

  # Type

  String -> String

  # Example

  digits "2.13" => "213"
*/
{ ... }: version: builtins.replaceStrings [ "." ] [ "" ] version
