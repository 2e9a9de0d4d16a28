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
  # Torch's wheels for Linux in the registry have a table of their own, which the builder reads too.
  registry = lib.importJSON ../../builder/kernel_builder/toolchain/torches/wheels.json;
  ofRegistry = map (
    wheel:
    wheel
    // {
      pname = "torch";
      system = wheel.platform;
    }
  ) registry.wheels;
  tag = "cp${kernelLib.digits pkgs.python3.pythonVersion}";
  wheels = builtins.filter (entry: entry.python == tag && entry.system == row.system) (
    (lib.importJSON ./wheels.json).wheels ++ ofRegistry
  );

  torchCompute = if row.backend == "metal" then "cpu" else kernelLib.computeTag row;
  torches = builtins.filter (entry: entry.pname == "torch" && entry.compute == torchCompute) wheels;
  torch =
    entry:
    wheel entry [
      pythonPackages.filelock
      pythonPackages.fsspec
      pythonPackages.jinja2
      pythonPackages.networkx
      pythonPackages.setuptools
      pythonPackages.sympy
      pythonPackages.typing-extensions
    ];
  # Nothing of Torch is linked, but most kernels on tvm-ffi take its tensors: their Python imports it, of any release.
  tvmFfi =
    entry:
    wheel entry (
      [ pythonPackages.typing-extensions ] ++ lib.optional (torches != [ ]) (torch (lib.last torches))
    );

  of =
    {
      pname,
      release,
      compute,
      among,
      make,
    }:
    let
      found = lib.findFirst (entry: lib.hasPrefix "${release}." entry.version) null among;
    in
    if found == null then
      missing pname "nix/worlds/wheels.json has no ${pname} ${release} for ${compute}, ${row.system} and ${tag}: run scripts/update_nix_wheels.py, with the index of ${compute}"
    else
      make found;
in
if framework == "tvm-ffi" then
  of {
    pname = "apache-tvm-ffi";
    release = row.tvmFfi;
    compute = "cpu";
    among = builtins.filter (entry: entry.pname == "apache-tvm-ffi") wheels;
    make = tvmFfi;
  }
else
  of {
    pname = "torch";
    release = row.torch;
    compute = torchCompute;
    among = torches;
    make = torch;
  }
