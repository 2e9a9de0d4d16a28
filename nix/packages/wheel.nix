/**
  A Python package from a binary wheel, the file that its users install. Libraries that come with the driver of a device
  are not looked for.

  # Type

  { pname; version; file; sha256; url ? } -> [ Derivation ] -> Derivation

  A wheel without an address is in the registry of Python packages, where nixpkgs finds it by its name.
*/
{
  autoPatchelfHook,
  fetchPypi,
  fetchurl,
  lib,
  pythonPackages,
  stdenv,
}:
{
  pname,
  version,
  file,
  sha256,
  ...
}@entry:
dependencies:
let
  # The parts of the name, as the wheel format (PEP 427) has them.
  parts = builtins.match "([^-]+)-([^-]+)-([^-]+)-([^-]+)-([^-]+)\\.whl" file;
  part = builtins.elemAt parts;
  fromRegistry = fetchPypi {
    format = "wheel";
    pname = part 0;
    version = part 1;
    dist = part 2;
    python = part 2;
    abi = part 3;
    platform = part 4;
    inherit sha256;
  };
  fromAddress = fetchurl {
    name = file;
    inherit (entry) url;
    inherit sha256;
  };
in
pythonPackages.buildPythonPackage {
  inherit pname version dependencies;
  format = "wheel";
  src = if entry ? url then fromAddress else fromRegistry;
  nativeBuildInputs = lib.optional stdenv.hostPlatform.isLinux autoPatchelfHook;
  buildInputs = lib.optional stdenv.hostPlatform.isLinux stdenv.cc.cc.lib;
  # Wheels of a backend require the vendor's libraries as wheels of their own; toolchain.nix has them.
  autoPatchelfIgnoreMissingDeps = [ "*" ];
  dontStrip = true;
  doCheck = false;
  pythonRelaxDeps = true;
  dontCheckRuntimeDeps = true;
}
