/**
  The outputs of a kernel's flake for one system.

  # Type

  { lib; kernelLib; kit :: Kit; kernel; targets :: [ Target ]; } -> Outputs
*/
{
  lib,
  kernelLib,
  kit,
  kernel,
  targets,
}:
let
  inherit (kernel) config path;
  src = kernelLib.filterTree {
    inherit path;
    name = "${config.name}-source";
    isTaken = kernelLib.isSource config;
  };
  tests = kernelLib.filterTree {
    inherit path;
    name = "${config.name}-tests";
    isTaken = name: lib.hasPrefix "tests/" name && !lib.hasSuffix ".pyc" name;
  };
  byName = make: builtins.listToAttrs (map (target: lib.nameValuePair target.name (make target)) targets);

  redistributable = byName (
    target:
    kit.buildVariant {
      inherit config src target;
      inherit (kernel) provenance doGetKernelCheck;
    }
  );
  environmentOf =
    target:
    kit.testEnvironment {
      inherit config target;
      checkInputs = kernel.pythonCheckInputs;
    };
  # A folder in which Python finds a variant as the package that its users import.
  packageOf =
    target:
    kit.pkgs.linkFarm "${config.name}-${target.name}-package" [
      {
        name = config.pythonName;
        path = redistributable.${target.name};
      }
    ];
  nativeCheckInputs = kernel.pythonNativeCheckInputs kit.pythonPackages;
  devShells = byName (
    target:
    kit.devShell {
      inherit config target nativeCheckInputs;
      python = environmentOf target;
    }
  );
  testShells = byName (
    target:
    kit.testShell {
      inherit config target nativeCheckInputs;
      tree = redistributable.${target.name};
      package = packageOf target;
      python = environmentOf target;
    }
  );
  ciTests = byName (
    target:
    kit.ciTest {
      inherit config tests;
      package = packageOf target;
      python = environmentOf target;
    }
  );

  bundleOf =
    variants:
    kit.bundle {
      inherit config path variants;
    };
  ofBackend = backend: builtins.filter (target: target.row.backend == backend) targets;
  backends = builtins.filter (backend: ofBackend backend != [ ]) kernelLib.compiledBackends;
  # One variant of each backend, in the order that tests choose one in.
  ciTargets = map (backend: kernelLib.chooseTarget (ofBackend backend)) backends;
  ci = kit.pkgs.linkFarm "${config.name}-ci" (
    map (target: {
      inherit (target) name;
      path = redistributable.${target.name};
    }) ciTargets
  );
  bundle = bundleOf redistributable;
  chosen = kernelLib.chooseTarget targets;
  one = set: name: if chosen == null then { } else { ${name} = set.${chosen.name}; };

  packages = {
    default = bundle;
    inherit ci;
    inherit (kit) kernels kernel-builder;
    build-and-copy = kit.buildAndCopy bundle;
    build-and-upload = kit.buildAndUpload bundle;
  }
  // one ciTests "ci-test";
  app = name: program: {
    type = "app";
    program = "${program}/bin/${name}";
  };
in
{
  inherit packages;
  legacyPackages = {
    inherit
      redistributable
      devShells
      testShells
      ciTests
      ;
    backendBundle = lib.genAttrs backends (
      backend: bundleOf (builtins.intersectAttrs (lib.genAttrs (map (target: target.name) (ofBackend backend)) (_: null)) redistributable)
    );
  };
  apps = lib.mapAttrs app (
    { inherit (packages) build-and-copy build-and-upload; } // lib.optionalAttrs (chosen != null) { inherit (packages) ci-test; }
  );
  devShells = devShells // one devShells "default" // one testShells "test";
  checks = { inherit ci; };
  formatter = kit.pkgs.nixfmt;
}
