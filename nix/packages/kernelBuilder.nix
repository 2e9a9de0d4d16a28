/**
  The builder, from the flake's own source. CMake and Ninja, Python packages in its requirements, come from nixpkgs.

  # Type

  Derivation
*/
{
  pythonPackages,
  kernels,
  source,
}:
let
  project = (builtins.fromTOML (builtins.readFile ../../builder/pyproject.toml)).project;
in
pythonPackages.buildPythonPackage {
  pname = project.name;
  inherit (project) version;
  pyproject = true;
  src = source;
  sourceRoot = "kernel-builder-source/builder";
  build-system = [ pythonPackages.hatchling ];
  dependencies = [
    pythonPackages.click
    pythonPackages.filelock
    pythonPackages.huggingface-hub
    pythonPackages.jinja2
    kernels
    pythonPackages.platformdirs
    pythonPackages.pyyaml
    pythonPackages.rich
    pythonPackages.scikit-build-core
    pythonPackages.tomlkit
  ];
  pythonRelaxDeps = true;
  pythonRemoveDeps = [
    "cmake"
    "ninja"
  ];
  doCheck = false;
  pythonImportsCheck = [ "kernel_builder" ];
}
