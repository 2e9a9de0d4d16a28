{ own, ... }:
let
  config = {
    src = [ "torch-ext/torch_binding.cpp" ];
    include = [ ];
    pythonDir = "torch-ext/relu";
    pyext = [ "py" ];
    components = [
      {
        src = [ "relu_cpu/*.cpp" ];
        include = [ "include" ];
      }
    ];
  };
in
{
  "what build.toml names, and the Python files" = {
    expr = builtins.filter (own.isSource config) [
      "build.toml"
      "build/v/metadata.json"
      "CARD.md"
      "include/a/b.h"
      "include/__pycache__/x.pyc"
      "relu_cpu/relu.cpp"
      "relu_cpu/notes.txt"
      "tests/test_relu.py"
      "torch-ext/relu/__init__.py"
      "torch-ext/relu/data.json"
      "torch-ext/torch_binding.cpp"
    ];
    expected = [
      "build.toml"
      "include/a/b.h"
      "relu_cpu/relu.cpp"
      "torch-ext/relu/__init__.py"
      "torch-ext/torch_binding.cpp"
    ];
  };
}
