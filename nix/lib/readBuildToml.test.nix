{ own, ... }:
let
  example = own.readBuildToml ../../examples/relu;
  failsOn = name: !(builtins.tryEval (builtins.deepSeq (own.readBuildToml (./testdata + "/${name}")).backends true)).success;
in
{
  "what names a kernel" = {
    expr = {
      inherit (example)
        name
        pythonName
        framework
        pythonDir
        repoId
        ;
    };
    expected = {
      name = "relu";
      pythonName = "relu";
      framework = "torch";
      pythonDir = "torch-ext/relu";
      repoId = "example-org/relu";
    };
  };
  "what compiles for the CPU" = {
    expr = builtins.filter (component: component.backend == "cpu") example.components;
    expected = [
      {
        backend = "cpu";
        src = [ "relu_cpu/relu_cpu.cpp" ];
        include = [ "torch-ext" ];
        depends = [ "torch" ];
      }
    ];
  };
  "a dash in a name is an underscore in Python" = {
    expr = (own.readBuildToml ../../examples/relu-tvm-ffi).pythonDir;
    expected = "tvm-ffi-ext/relu_tvm_ffi";
  };
  "older editions, and what is none, are refused" = {
    expr = map failsOn [
      "old"
      "nothing"
    ];
    expected = [
      true
      true
    ];
  };
}
