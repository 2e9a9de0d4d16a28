{ own, ... }:
let
  matches = pattern: name: builtins.match (own.globRegex pattern) name != null;
in
{
  "a name stands for itself" = {
    expr = map (matches "relu/relu.cu") [
      "relu/relu.cu"
      "relu/reluXcu"
      "a/relu/relu.cu"
    ];
    expected = [
      true
      false
      false
    ];
  };
  "a star stays within its folder" = {
    expr = map (matches "./relu/*.cu") [
      "relu/a.cu"
      "relu/b/a.cu"
    ];
    expected = [
      true
      false
    ];
  };
  "two stars stand for folders" = {
    expr = map (matches "src/**/*.h") [
      "src/a.h"
      "src/a/b/c.h"
      "other/a.h"
    ];
    expected = [
      true
      true
      false
    ];
  };
}
