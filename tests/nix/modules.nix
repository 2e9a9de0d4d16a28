/**
  Evaluate one module as the module system of NixOS would, as far as ours goes: options with defaults, mkIf, no types.

  # Type

  { module :: Path; settings :: AttrSet; } -> { options :: [ String ]; config :: AttrSet; }
*/
{ module, settings }:
let
  lib = {
    mkOption = option: { _option = true; } // option;
    mkIf = condition: content: if condition then content else { };
    types = {
      bool = null;
      str = null;
      port = null;
      ints = {
        positive = null;
        unsigned = null;
      };
      either = _: _: null;
      enum = _: null;
      listOf = _: null;
      attrsOf = _: null;
      nullOr = _: null;
    };
  };
  isOption = value: value ? _option;
  # What is set, or the default; a setting without an option is an error.
  fill =
    options: set:
    let
      unknown = builtins.attrNames (builtins.removeAttrs set (builtins.attrNames options));
    in
    if unknown != [ ] then
      throw "there is no option ${builtins.head unknown}"
    else
      builtins.mapAttrs (
        name: option: if isOption option then set.${name} or option.default else fill option (set.${name} or { })
      ) options;
  evaluated = import module {
    inherit lib;
    config.services.kernelBuildMachine = fill evaluated.options.services.kernelBuildMachine settings;
  };
  paths =
    prefix: options:
    builtins.concatMap (
      name: if isOption options.${name} then [ (prefix + name) ] else paths "${prefix}${name}." options.${name}
    ) (builtins.attrNames options);
in
{
  options = paths "" evaluated.options.services.kernelBuildMachine;
  inherit (evaluated) config;
}
