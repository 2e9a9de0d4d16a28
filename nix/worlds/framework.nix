/**
  What the builds of a kernel in one row of the matrix are made against: Torch or tvm-ffi, from its publisher's wheel.

  # Type

  String -> Row -> [ Derivation ]

  The first argument is the kernel's framework, as `build.toml` has it.
*/
{
  kernelLib,
  lib,
  missing,
  pythonPackages,
  pkgs,
  wheel,
}:
framework: row:
let
  inherit (lib.importJSON ./wheels.json) wheels;
  pname = if framework == "tvm-ffi" then "apache-tvm-ffi" else "torch";
  release = if framework == "tvm-ffi" then row.tvmFfi else row.torch;
  compute = if framework == "tvm-ffi" || row.backend == "metal" then "cpu" else kernelLib.computeTag row;
  tag = "cp${kernelLib.digits pkgs.python3.pythonVersion}";
  fits =
    entry:
    entry.pname == pname
    && lib.hasPrefix "${release}." entry.version
    && entry.compute == compute
    && entry.system == row.system
    && (entry.python == tag || entry.python == "abi3");
  found = lib.findFirst fits null wheels;
  needed =
    if framework == "tvm-ffi" then
      [ pythonPackages.typing-extensions ]
    else
      [
        pythonPackages.filelock
        pythonPackages.fsspec
        pythonPackages.jinja2
        pythonPackages.networkx
        pythonPackages.setuptools
        pythonPackages.sympy
        pythonPackages.typing-extensions
      ];
in
if found == null then
  missing pname "nix/worlds/wheels.json has no ${pname} ${release} for ${compute}, ${row.system} and ${tag}: run scripts/update_nix_wheels.py"
else
  wheel found needed
