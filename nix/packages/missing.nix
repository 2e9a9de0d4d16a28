/**
  Something that cannot be had: it evaluates, so that all variants can be listed, and fails to build with one sentence.

  # Type

  String -> String -> Derivation
*/
{ lib, stdenv }:
name: sentence:
stdenv.mkDerivation {
  name = "missing-${name}";
  dontUnpack = true;
  dontConfigure = true;
  dontInstall = true;
  dontFixup = true;
  preferLocalBuild = true;
  buildPhase = ''
    echo ${lib.escapeShellArg "error: ${sentence}"} >&2
    exit 1
  '';
}
