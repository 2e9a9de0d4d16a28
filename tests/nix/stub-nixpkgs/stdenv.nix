# stdenv.mkDerivation with the compiler of this machine.
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
  inherit mkDerivation system;
  cc.cc.lib = hostTools;
  hostPlatform = {
    inherit system;
    isLinux = lib.hasSuffix "-linux" system;
    isDarwin = lib.hasSuffix "-darwin" system;
  };
}
