/**
  The loader, from the flake's own source.

  # Type

  Derivation
*/
{ pythonPackages, source }:
let
  project = (builtins.fromTOML (builtins.readFile ../../loader/pyproject.toml)).project;
in
pythonPackages.buildPythonPackage {
  pname = project.name;
  inherit (project) version;
  pyproject = true;
  src = source;
  sourceRoot = "kernel-builder-source/loader";
  build-system = [ pythonPackages.hatchling ];
  dependencies = [
    pythonPackages.filelock
    pythonPackages.huggingface-hub
    pythonPackages.packaging
  ];
  # What nixpkgs has of these may be older than what a fresh installation takes.
  pythonRelaxDeps = true;
  doCheck = false;
  pythonImportsCheck = [ "kernels" ];
}
