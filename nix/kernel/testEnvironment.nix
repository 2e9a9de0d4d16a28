/**
  What a kernel is tested with: Python with the framework of a variant, pytest and what the kernel's flake adds.

  # Type

  { config; target; checkInputs :: PythonPackages -> [ Derivation ]; } -> Derivation
*/
{
  framework,
  kernel-builder,
  pkgs,
}:
{
  config,
  target,
  checkInputs,
}:
pkgs.python3.withPackages (
  python:
  [
    kernel-builder
    python.pytest
    (framework (if config.framework == "torch-noarch" then "torch" else config.framework) target.row)
  ]
  ++ checkInputs python
)
