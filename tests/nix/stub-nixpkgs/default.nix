# The same entry point as nixpkgs has. Everything is made from the programs and wheels that host.json names, which
# tests/support/nix.py writes into a copy of this folder.
{
  system,
  config ? { },
  overlays ? [ ],
}:
let
  lib = import ./lib;
  host = lib.importJSON ./host.json;
  hostTools = derivation {
    name = "host-tools";
    inherit system;
    builder = host.bash;
    args = [
      "-c"
      (
        "${host.programs.mkdir} -p $out/bin\n"
        + lib.concatMapStrings (name: "${host.programs.ln} -s ${host.programs.${name}} $out/bin/${name}\n") (
          builtins.attrNames host.programs
        )
      )
    ];
  };
  inherit
    (import ./stdenv.nix {
      inherit
        host
        hostTools
        lib
        system
        ;
    })
    mkDerivation
    stdenv
    ;
  fetchurl =
    {
      name,
      url,
      sha256 ? "",
      sha512 ? "",
    }:
    derivation {
      inherit name url;
      system = "builtin";
      builder = "builtin:fetchurl";
      outputHashMode = "flat";
      outputHashAlgo = if sha256 == "" then "sha512" else "sha256";
      outputHash = sha256 + sha512;
      preferLocalBuild = true;
    };
  fetchPypi =
    {
      pname,
      version,
      format,
      dist,
      python,
      abi,
      platform,
      sha256,
    }:
    assert format == "wheel";
    fetchurl rec {
      name = "${pname}-${version}-${python}-${abi}-${platform}.whl";
      url = "file:///nowhere/${dist}/${name}";
      inherit sha256;
    };
  runCommand =
    name: attributes: script:
    mkDerivation (
      {
        inherit name;
        dontUnpack = true;
        buildPhase = script;
      }
      // attributes
    );
  # A program that comes as a wheel; the rest of the wheel stays where the program looks for it.
  programs =
    name: folder:
    let
      wheel = python.allPackages.${name};
    in
    runCommand "${name}-${wheel.version}" { } ''
      mkdir -p $out/bin
      for program in ${wheel}/${folder}/*; do
        ln -s "$program" $out/bin/
      done
    '';
  python = import ./python.nix {
    inherit
      fetchurl
      host
      lib
      mkDerivation
      ;
  };
  # A toolkit that host.json has, as a folder of its own; another one is said to be missing when it is built.
  toolkit =
    kind: version:
    runCommand "${kind}-${version}" { passthru = { inherit version; }; } (
      if host.toolkits ? "${kind}-${version}" then
        ''
          cp -r ${./. + "/toolkits/${kind}-${version}"} $out
          chmod -R u+w $out
          grep -rlIF @out@ $out | xargs -r sed -i "s|@out@|$out|g"
        ''
      else
        "echo 'error: the stub has no ${kind} ${version}' >&2; exit 1"
    );
  rocm = toolkit "rocm" "7.1.0";
  cudaPackages = version: {
    backendStdenv = stdenv;
    cudatoolkit = toolkit "cuda" version;
  };
  mkShellWith =
    { stdenv }:
    {
      name,
      packages ? [ ],
      shellHook ? "",
      env ? { },
    }:
    assert stdenv ? mkDerivation;
    mkDerivation {
      inherit name shellHook env;
      nativeBuildInputs = packages;
      dontUnpack = true;
      buildPhase = "echo ${name} > $out";
    };
in
assert builtins.isAttrs config && overlays == [ ];
{
  inherit
    fetchPypi
    fetchurl
    lib
    runCommand
    stdenv
    ;
  inherit (python) python3;
  autoPatchelfHook = hostTools;
  cudaPackages_12_6 = cudaPackages "12.6";
  cudaPackages_12_8 = cudaPackages "12.8";
  cudaPackages_13_0 = cudaPackages "13.0";
  cudaPackages_13_2 = cudaPackages "13.2";
  intel-compute-runtime = hostTools;
  intel-oneapi.base = toolkit "oneapi" "2026.0.0";
  rocmPackages =
    lib.genAttrs [
      "hipblas"
      "hipblas-common"
      "hipcc"
      "hipcub"
      "hipsolver"
      "hipsparse"
      "rocm-core"
      "rocm-device-libs"
      "rocprim"
      "rocthrust"
    ] (_: hostTools)
    // {
      clr = rocm;
      rocm-toolchain = runCommand "rocm-toolchain" { } "ln -s ${rocm}/lib/llvm $out";
    };
  symlinkJoin =
    {
      name,
      paths,
      postBuild,
    }:
    runCommand name { inherit paths; } ''
      mkdir -p $out
      for path in $paths; do
        cp -rsf --no-preserve=mode "$path"/. $out/
      done
      ${postBuild}
    '';
  libarchive = hostTools;
  unzip = hostTools;
  cmake = programs "cmake" "${python.sitePackages}/cmake/data/bin";
  ninja = programs "ninja" "bin";
  nixfmt = hostTools;
  linkFarm =
    name: entries:
    runCommand name { } ''
      mkdir -p $out
      ${lib.concatMapStrings (entry: "ln -s ${entry.path} $out/${lib.escapeShellArg entry.name}\n") entries}
    '';
  mkShell = {
    __functor = _: mkShellWith { inherit stdenv; };
    override = mkShellWith;
  };
  writeShellScriptBin =
    name: text:
    runCommand name
      {
        script = "#!${host.bash}\n${text}\n";
      }
      ''
        mkdir -p $out/bin
        printf '%s' "$script" > $out/bin/${name}
        chmod +x $out/bin/${name}
      '';
}
