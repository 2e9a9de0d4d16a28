/**
  All variants of a kernel, with its benchmarks and its card, filled.

  # Type

  { config; path :: Path; variants :: { <name> :: Derivation; }; } -> Derivation
*/
{
  kernel-builder,
  kernelLib,
  lib,
  linkFarm,
  pkgs,
  runCommand,
}:
{
  config,
  path,
  variants,
}:
let
  template = kernelLib.filterTree {
    inherit path;
    name = "${config.name}-card-source";
    isTaken =
      name:
      name == "build.toml"
      || name == "CARD.md"
      || name == "benchmarks/benchmark.py"
      || (lib.hasPrefix "${config.pythonDir}/" name && lib.hasSuffix ".py" name);
  };
  python = pkgs.python3.withPackages (_: [ kernel-builder ]);
  card =
    runCommand "${config.name}-card"
      {
        nativeBuildInputs = [ python ];
      }
      ''
        cp -r ${template} kernel
        chmod -R u+w kernel
        ${lib.concatMapStrings (name: ''
          mkdir -p kernel/build
          ln -s ${variants.${name}} kernel/build/${name}
        '') (builtins.attrNames variants)}
        HOME=$TMPDIR python3 -m kernel_builder fill-card kernel $out
      '';
  benchmarks = kernelLib.filterTree {
    path = path + "/benchmarks";
    name = "${config.name}-benchmarks";
    isTaken = name: !lib.hasSuffix ".pyc" name;
  };
  optional = file: lib.optionals (builtins.pathExists (path + "/${file}"));
in
linkFarm "${config.name}-bundle" (
  lib.mapAttrsToList (name: tree: {
    inherit name;
    path = tree;
  }) variants
  ++ optional "benchmarks" [
    {
      name = "benchmarks";
      path = benchmarks;
    }
  ]
  ++ optional "CARD.md" [
    {
      name = "CARD.md";
      path = card;
    }
  ]
)
