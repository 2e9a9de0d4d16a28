{ lib, own, ... }:
let
  config = {
    framework = "torch";
    backends = [
      "cpu"
      "cuda"
    ];
    bounds = lib.genAttrs [ "cpu" "cuda" "torch" ] (_: {
      minver = null;
      maxver = null;
    });
    stableAbi = _: null;
    components = [
      { backend = "cpu"; }
      { backend = "cuda"; }
    ];
  };
  row = torch: backend: version: {
    inherit torch backend version;
    system = "x86_64-linux";
    tvmFfi = "0.1";
  };
  matrix.rows = [
    (row "2.11" "cpu" null)
    (row "2.11" "cuda" "12.6")
    (row "2.12" "cpu" null)
    (row "2.12" "cuda" "13.0")
  ];
  names = config: map (target: target.name) (own.selectTargets config matrix "x86_64-linux");
in
{
  "one build for each release and compute version" = {
    expr = names config;
    expected = [
      "torch211-cxx11-cpu-x86_64-linux"
      "torch211-cxx11-cu126-x86_64-linux"
      "torch212-cxx11-cpu-x86_64-linux"
      "torch212-cxx11-cu130-x86_64-linux"
    ];
  };
  "bounds leave out" = {
    expr = names (
      config
      // {
        bounds = config.bounds // {
          cuda = {
            minver = "13";
            maxver = null;
          };
          torch = {
            minver = "2.12";
            maxver = null;
          };
        };
      }
    );
    expected = [
      "torch212-cxx11-cpu-x86_64-linux"
      "torch212-cxx11-cu130-x86_64-linux"
    ];
  };
  "a build on the stable ABI is made with the newest Torch" = {
    expr = map (target: "${target.name} ${target.row.torch}") (
      own.selectTargets (config // { stableAbi = _: "2.11"; }) matrix "x86_64-linux"
    );
    expected = [
      "torch-stable-abi211-cpu-x86_64-linux 2.12"
      "torch-stable-abi211-cu126-x86_64-linux 2.11"
      "torch-stable-abi211-cu130-x86_64-linux 2.12"
    ];
  };
  "Python only: one build for each backend" = {
    expr = names (config // { framework = "torch-noarch"; });
    expected = [
      "torch-cpu"
      "torch-cuda"
    ];
  };
  "nothing is built for another system" = {
    expr = own.selectTargets config matrix "aarch64-darwin";
    expected = [ ];
  };
}
