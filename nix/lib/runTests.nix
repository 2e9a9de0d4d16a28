/**
  Evaluate the tests beside the functions of a folder.

  # Type

  Path -> { count :: Int; failures :: [ { name; expected; got; } ]; }
*/
{ lib, own, ... }:
folder:
let
  files = builtins.filter (lib.hasSuffix ".test.nix") (builtins.attrNames (builtins.readDir folder));
  testsOf =
    file:
    lib.mapAttrsToList (
      name:
      { expr, expected }:
      {
        name = "${file}: ${name}";
        got = expr;
        inherit expected;
      }
    ) (import (folder + "/${file}") { inherit lib own; });
  tests = lib.concatMap testsOf files;
in
{
  count = builtins.length tests;
  failures = builtins.filter (test: test.got != test.expected) tests;
}
