/**
  Read what decides over the variants of a kernel, and what its builds take in, from its `build.toml`.

  The editions 4, 5 and 6 of the format are read; `kernel-builder` itself reads all of them, and checks them.

  # Type

  Path -> {
    name; pythonName; framework :: "torch" | "torch-noarch" | "tvm-ffi"; pythonDir; repoId :: String | Null;
    backends :: [ String ]; bounds :: { <backend> :: { minver; maxver; }; torch :: { minver; maxver; }; };
    stableAbi :: String -> (String | Null); components :: [ { backend; src; include; depends; } ];
    src :: [ String ]; include :: [ String ]; pyext :: [ String ];
  }
*/
{ lib, ... }:
path:
let
  data = builtins.fromTOML (builtins.readFile (path + "/build.toml"));
  general = data.general or (throw "${toString path}/build.toml has no [general]; see `kernel-builder check-config`.");
  old = "${toString path}/build.toml is of an older edition of the format: run `kernel-builder update-build`.";
  framework =
    lib.findFirst (name: data ? ${name})
      (throw "${toString path}/build.toml has none of [torch], [torch-noarch] and [tvm-ffi]; see `kernel-builder check-config`.")
      [
        "torch-noarch"
        "torch"
        "tvm-ffi"
      ];
  extension = data.${framework};
  boundsOf = table: {
    minver = table.minver or null;
    maxver = table.maxver or null;
  };
  componentOf = component: {
    backend = component.backend or (lib.removePrefix "rust-" (lib.removePrefix "cpp-" (component.language or (throw old))));
    src = component.src or [ ];
    include = component.include or [ ];
    depends = component.depends or [ ];
  };
  isOld = !(general ? backends) || !(general ? version) || extension ? universal;
in
if isOld then
  throw old
else
  {
    inherit framework;
    inherit (general) name version backends;
    pythonName = builtins.replaceStrings [ "-" ] [ "_" ] general.name;
    pythonDir = "${if framework == "tvm-ffi" then "tvm-ffi-ext" else "torch-ext"}/${
      builtins.replaceStrings [ "-" ] [ "_" ] general.name
    }";
    repoId = general.hub.repo-id or null;
    pythonDepends = general.python-depends or [ ];
    bounds = lib.genAttrs general.backends (backend: boundsOf (general.${backend} or { })) // {
      torch = if framework == "torch" then boundsOf extension else boundsOf { };
    };
    stableAbi =
      backend:
      let
        named = extension.stable-abi or null;
      in
      if builtins.isAttrs named then named.${backend} or null else named;
    components = map componentOf (builtins.attrValues (data.kernel or { }));
    src = extension.src or [ ];
    include = extension.include or [ ];
    pyext =
      extension.pyext or [
        "py"
        "pyi"
      ];
  }
