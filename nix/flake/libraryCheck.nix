/**
  Fails where a test of the library does; which, and what it got, is said when it is evaluated.

  # Type

  { lib; kernelLib; pkgs; } -> Derivation
*/
{
  lib,
  kernelLib,
  pkgs,
}:
let
  result = kernelLib.runTests ../lib;
  shown = lib.concatMapStringsSep "\n" (
    test: "${test.name}: expected ${builtins.toJSON test.expected}, got ${builtins.toJSON test.got}"
  ) result.failures;
in
if result.failures != [ ] then
  throw "tests of nix/lib fail:\n${shown}"
else
  pkgs.runCommand "library-tests" { } ''
    echo "${toString result.count} tests pass" > $out
  ''
