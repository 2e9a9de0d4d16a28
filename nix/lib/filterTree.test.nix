{ lib, own, ... }:
let
  taken = own.filterTree {
    path = ../lib;
    name = "taken";
    isTaken = name: name == "digits.nix" || lib.hasPrefix "testdata/old/" name;
  };
in
{
  "what is taken, in its folders, and no others" = {
    expr = {
      top = builtins.attrNames (builtins.readDir taken);
      inner = builtins.attrNames (builtins.readDir (taken + "/testdata"));
    };
    expected = {
      top = [
        "digits.nix"
        "testdata"
      ];
      inner = [ "old" ];
    };
  };
}
