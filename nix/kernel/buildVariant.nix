/**
  One variant of a kernel: its tree, made by the local driver of `kernel-builder` in the sandbox of a derivation, which
  configures, compiles, writes the digests, and checks layout, operators, metadata, ABI and that the kernel loads.

  The tree refers to nothing in the store, so that it is the same wherever it is used.

  # Type

  { config; src :: StorePath; target :: Target; provenance :: [ String ]; doGetKernelCheck :: Bool; } -> Derivation
*/
{
  cmake,
  dependencies,
  framework,
  kernel-builder,
  lib,
  ninja,
  pkgs,
  toolchain,
}:
{
  config,
  src,
  target,
  provenance,
  doGetKernelCheck,
}:
let
  world = toolchain target.row;
  python = pkgs.python3.withPackages (
    _: [ kernel-builder ] ++ lib.optional (config.framework != "torch-noarch") (framework config.framework target.row)
  );
  flags = provenance ++ lib.optionals (!doGetKernelCheck) [ "--no-checks" "load" ];
in
world.stdenv.mkDerivation (
  {
    name = "${config.name}-${target.name}";
    inherit src;
    nativeBuildInputs = [
      python
      cmake
      ninja
    ]
    ++ world.packages;
    env = world.env // dependencies config target.row // {
      # Neither the wrapped compilers of nixpkgs nor CMake may write the folders of libraries into a kernel.
      NIX_DONT_SET_RPATH = "1";
    };
    dontConfigure = true;
    dontInstall = true;
    dontFixup = true; # the digests are of the files as the builder made them
    buildPhase = ''
      runHook preBuild
      ${world.setup}
      export HOME=$TMPDIR KERNEL_BUILDER_CACHE=$TMPDIR/cache
      ${python}/bin/python3 -m kernel_builder.cli.in_nix build . --variant ${target.name} --output $out \
        --cores $NIX_BUILD_CORES ${lib.escapeShellArgs flags}
      runHook postBuild
    '';
    allowedReferences = [ ];
    passthru = { inherit target python world; };
  }
  // lib.optionalAttrs world.relaxed { __noChroot = true; }
)
