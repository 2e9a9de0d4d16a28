/**
  A vendor's RPM packages as a package set: a fixed point of overlays. The first makes a derivation of each package,
  which takes from it what its installation would put into the vendor's folder; later ones mend what does not work as it
  is; the last joins all in one folder, as the vendor's installer would leave it.

  # Type

  { metadata :: AttrSet; overlays :: [ Overlay ]; } -> PackageSet

  - `metadata`: what `scripts/update_nix_rpms.py` writes.
  - `overlays`: functions of the final set and the one before, such as `final: previous: { … }`.
*/
{
  fetchurl,
  lib,
  libarchive,
  stdenv,
  symlinkJoin,
}:
{
  metadata,
  overlays ? [ ],
}:
let
  components = _final: _previous: lib.mapAttrs component metadata.packages;
  component =
    name: package:
    stdenv.mkDerivation {
      name = "${name}-${package.version}";
      src = fetchurl {
        name = baseNameOf package.location;
        url = "${metadata.repository}/${package.location}";
        inherit (package) sha256;
      };
      nativeBuildInputs = [ libarchive ];
      dontUnpack = true;
      dontConfigure = true;
      dontInstall = true;
      # The libraries find each other beside themselves, as they do where the vendor's installer has put them.
      dontFixup = true;
      buildPhase = ''
        runHook preBuild
        mkdir unpacked $out
        bsdtar -xf $src -C unpacked
        for folder in unpacked${metadata.prefix}; do
          if [ -d "$folder" ]; then cp -r "$folder"/. $out/; fi
        done
        runHook postBuild
      '';
    };
  joined = final: _previous: {
    joined = symlinkJoin {
      name = "${metadata.name}-${metadata.release}";
      paths = map (name: final.${name}) (builtins.attrNames metadata.packages);
      postBuild = "";
    };
  };
in
lib.fix (
  final: builtins.foldl' (set: overlay: set // overlay final set) { } ([ components ] ++ overlays ++ [ joined ])
)
