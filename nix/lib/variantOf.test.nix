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
    components = [ { backend = "cuda"; } ];
  };
  row = {
    torch = "2.12";
    backend = "cuda";
    version = "13.0";
    system = "x86_64-linux";
    tvmFfi = "0.1";
  };
in
{
  "for one release of Torch" = {
    expr = own.variantOf config row;
    expected = "torch212-cxx11-cu130-x86_64-linux";
  };
  "on the stable ABI of a release" = {
    expr = map (abi: own.variantOf (config // { stableAbi = _: abi; }) row) [
      "2.11"
      "2.12"
      "2.13"
      "2"
    ];
    expected = [
      "torch-stable-abi211-cu130-x86_64-linux"
      "torch-stable-abi212-cu130-x86_64-linux"
      null
      "torch-stable-abi20-cu130-x86_64-linux"
    ];
  };
  "on tvm-ffi, where the row has one" = {
    expr = map (tvmFfi: own.variantOf (config // { framework = "tvm-ffi"; }) (row // { inherit tvmFfi; })) [
      "0.1"
      null
    ];
    expected = [
      "tvm-ffi01-cu130-x86_64-linux"
      null
    ];
  };
  "Python only" = {
    expr = own.variantOf (config // { framework = "torch-noarch"; }) row;
    expected = "torch-cuda";
  };
  "nothing is compiled for a backend without components" = {
    expr = own.variantOf config (
      row
      // {
        backend = "cpu";
        version = null;
      }
    );
    expected = null;
  };
  "nor for one that the kernel does not name" = {
    expr = own.variantOf config (row // { backend = "rocm"; });
    expected = null;
  };
}
