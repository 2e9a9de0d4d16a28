/**
  The libraries that the components of a kernel are compiled with, by the variables that name copies of them: what
  `kernel_builder` would download is fetched by digest.

  # Type

  Config -> Row -> { <variable> :: String; }
*/
{
  fetchurl,
  lib,
  linkFarm,
  runCommand,
  unzip,
}:
config: row:
let
  known = lib.importJSON ../../builder/kernel_builder/project/dependencies.json;
  components = builtins.filter (component: component.backend == row.backend) config.components;
  names = lib.unique (lib.concatMap (component: component.depends) components);
  archiveOf = library: lib.findFirst (source: source ? url) null (library.sources or [ ]);
  # Of some, the release of what they are compiled with decides over version and sources.
  ofRelease = library: library // (library.releases.${toString row.version} or { });
  libraries = builtins.filter (library: archiveOf library != null) (
    map (name: ofRelease known.${name}) (builtins.filter (name: known ? ${name}) names)
  );
  fetched =
    { url, digest, ... }:
    let
      parts = builtins.match "(.*)=(.*)" digest;
    in
    fetchurl {
      name = baseNameOf url;
      inherit url;
      ${lib.toLower (builtins.head parts)} = lib.last parts;
    };
  copyOf = library: {
    name = "${library.folder}-${library.version}";
    path =
      runCommand "${library.folder}-${library.version}" { nativeBuildInputs = [ unzip ]; }
        ''
          mkdir unpacked
          case ${baseNameOf (archiveOf library).url} in
            *.zip) unzip -q ${fetched (archiveOf library)} -d unpacked ;;
            *) tar -xf ${fetched (archiveOf library)} -C unpacked ;;
          esac
          cp -r unpacked/* $out
        '';
  };
  folderFor =
    variable:
    linkFarm "${config.name}-${variable}" (
      map copyOf (builtins.filter (library: library.variable == variable) libraries)
    );
in
lib.genAttrs (lib.unique (map (library: library.variable) libraries)) (variable: "${folderFor variable}")
