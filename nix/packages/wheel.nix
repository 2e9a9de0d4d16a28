/**
  A Python package from a binary wheel, the file that its users install. Libraries that come with the driver of a device
  are not looked for.

  # Type

  { pname; version; file; url; sha256; } -> [ Derivation ] -> Derivation
*/
{
  autoPatchelfHook,
  fetchurl,
  lib,
  pythonPackages,
  stdenv,
}:
{
  pname,
  version,
  file,
  url,
  sha256,
  ...
}:
dependencies:
pythonPackages.buildPythonPackage {
  inherit pname version dependencies;
  format = "wheel";
  src = fetchurl {
    name = file;
    inherit url sha256;
  };
  nativeBuildInputs = lib.optional stdenv.hostPlatform.isLinux autoPatchelfHook;
  buildInputs = lib.optional stdenv.hostPlatform.isLinux stdenv.cc.cc.lib;
  # Wheels of a backend require the vendor's libraries as wheels of their own; toolchain.nix has them.
  autoPatchelfIgnoreMissingDeps = [ "*" ];
  dontStrip = true;
  doCheck = false;
  pythonRelaxDeps = true;
  dontCheckRuntimeDeps = true;
}
