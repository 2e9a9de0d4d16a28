# python3 of this machine, and packages from the wheels that host.json lists.
{
  fetchurl,
  host,
  lib,
  mkDerivation,
}:
let
  inherit (host) pythonVersion;
  sitePackages = "lib/python${pythonVersion}/site-packages";

  closureOf =
    packages:
    map (item: item.package) (
      builtins.genericClosure {
        startSet = map (package: {
          key = package.outPath;
          inherit package;
        }) packages;
        operator =
          { package, ... }:
          map (dependency: {
            key = dependency.outPath;
            package = dependency;
          }) (package.dependencies or [ ]);
      }
    );

  withPackages =
    choose:
    mkDerivation {
      name = "python3-${pythonVersion}-env";
      dontUnpack = true;
      packages = closureOf (choose offered);
      buildPhase = "${host.python} -I ${./env.py} $out $packages";
    };

  buildPythonPackage =
    {
      pname,
      version,
      src,
      format ? "pyproject",
      pyproject ? true,
      sourceRoot ? "",
      build-system ? [ ],
      dependencies ? [ ],
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      autoPatchelfIgnoreMissingDeps ? [ ],
      doCheck ? true,
      dontCheckRuntimeDeps ? false,
      dontStrip ? false,
      pythonImportsCheck ? [ ],
      pythonRelaxDeps ? false,
      pythonRemoveDeps ? [ ],
    }:
    let
      isWheel = format == "wheel";
      install = "${host.python} -I ${./wheel.py} $out/${sitePackages}";
    in
    assert isWheel || pyproject;
    mkDerivation (
      {
        inherit pname version src;
        passthru = { inherit dependencies; };
        inherit nativeBuildInputs buildInputs;
      }
      // (
        if isWheel then
          {
            dontUnpack = true;
            buildPhase = "${install} $src";
          }
        else
          {
            inherit sourceRoot;
            buildPhase = ''
              HOME=$TMPDIR ${withPackages (_: build-system)}/bin/python3 -m hatchling build --target wheel --directory dist
              ${install} dist/*.whl
            '';
          }
      )
    );

  pkgs = {
    inherit buildPythonPackage;
  }
  // lib.mapAttrs (
    name: wheel:
    buildPythonPackage {
      pname = name;
      inherit (wheel) version;
      format = "wheel";
      src = fetchurl {
        name = wheel.file;
        url = "file:///nowhere/${wheel.file}";
        inherit (wheel) sha256;
      };
      dependencies = map (required: pkgs.${required}) wheel.requires;
    }
  ) host.wheels;
  # What a program of nixpkgs is made from stays inside; nix/ gets the names that nix/nixpkgs.json lists.
  offered = {
    inherit buildPythonPackage;
  }
  // lib.genAttrs host.pythonPackages (name: pkgs.${name});
in
{
  inherit sitePackages;
  allPackages = pkgs;
  python3 = {
    pkgs = offered;
    inherit pythonVersion withPackages;
  };
}
