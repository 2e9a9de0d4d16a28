# stdenv.mkDerivation with the compiler of this machine: `stdenv` takes the arguments that nix/nixpkgs.json lists, and
# `mkDerivation` any, for what the stub itself makes.
{
  host,
  hostTools,
  lib,
  system,
}:
let
  # Of nixpkgs' arguments, those that its mkDerivation takes away or reads, and no environment variable comes from.
  special = [
    "env"
    "meta"
    "passthru"
  ];
  mkDerivation =
    attributes:
    let
      environment = builtins.removeAttrs attributes special;
    in
    derivation (
      (attributes.env or { })
      // {
        src = "";
        outputs = [ "out" ];
      }
      // environment
      // {
        name = attributes.name or "${attributes.pname}-${attributes.version}";
        inherit system hostTools;
        builder = host.bash;
        args = [
          "-e"
          ./builder.sh
        ];
        stdenv = ./stdenv; # where `nix develop` looks for `setup` too
        nativeBuildInputs = attributes.nativeBuildInputs or [ ];
        buildInputs = attributes.buildInputs or [ ];
        hostStamp = host.stamp;
      }
    )
    // (attributes.passthru or { })
    // {
      meta = attributes.meta or { };
    };
in
{
  inherit mkDerivation;
  stdenv = {
    mkDerivation =
      {
        __noChroot ? false,
        allowedReferences ? null,
        buildPhase ? "",
        dontConfigure ? false,
        dontFixup ? false,
        dontInstall ? false,
        dontUnpack ? false,
        env ? { },
        name,
        nativeBuildInputs ? [ ],
        passthru ? { },
        preferLocalBuild ? false,
        src ? null,
      }@attributes:
      mkDerivation attributes;
    cc.cc.lib = hostTools;
    hostPlatform.isLinux = lib.hasSuffix "-linux" system;
  };
}
