# The functions of nixpkgs' lib that nix/ uses, and no others; nix/nixpkgs.json lists them.
let
  inherit (builtins)
    attrNames
    concatMap
    elemAt
    filter
    foldl'
    genList
    isFunction
    length
    stringLength
    substring
    ;
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    stringLength text >= stringLength suffix
    && substring (stringLength text - stringLength suffix) (stringLength suffix) text == suffix;
  nameValuePair = name: value: { inherit name value; };
  mapAttrs' = f: set: builtins.listToAttrs (map (name: f name set.${name}) (attrNames set));
  optionals = condition: list: if condition then list else [ ];
  take = count: list: genList (elemAt list) (if count < length list then count else length list);
  stringToCharacters = text: genList (at: substring at 1 text) (stringLength text);
  escape = characters: builtins.replaceStrings characters (map (character: "\\${character}") characters);
  escapeShellArg = argument: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] (toString argument)}'";
in
{
  inherit (builtins)
    all
    any
    concatMap
    mapAttrs
    ;
  inherit
    escape
    escapeShellArg
    hasPrefix
    hasSuffix
    mapAttrs'
    nameValuePair
    optionals
    stringToCharacters
    take
    ;
  callPackageWith =
    scope: file: extra:
    let
      function = import file;
    in
    function (builtins.intersectAttrs (builtins.functionArgs function) scope // extra);
  concatMapStrings = f: list: builtins.concatStringsSep "" (map f list);
  concatMapStringsSep = separator: f: list: builtins.concatStringsSep separator (map f list);
  concatStrings = builtins.concatStringsSep "";
  inherit (builtins) concatStringsSep;
  escapeShellArgs = list: builtins.concatStringsSep " " (map escapeShellArg list);
  filterAttrs =
    isTaken: set:
    builtins.listToAttrs (map (name: nameValuePair name set.${name}) (filter (name: isTaken name set.${name}) (attrNames set)));
  findFirst =
    isIt: otherwise: list:
    let
      found = filter isIt list;
    in
    if found == [ ] then otherwise else builtins.head found;
  fix =
    f:
    let
      result = f result;
    in
    result;
  genAttrs = names: f: builtins.listToAttrs (map (name: nameValuePair name (f name)) names);
  importJSON = file: builtins.fromJSON (builtins.readFile file);
  init = list: take (length list - 1) list;
  last = list: elemAt list (length list - 1);
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
  optional = condition: item: optionals condition [ item ];
  optionalAttrs = condition: set: if condition then set else { };
  optionalString = condition: text: if condition then text else "";
  removePrefix =
    prefix: text: if hasPrefix prefix text then substring (stringLength prefix) (stringLength text) text else text;
  removeSuffix =
    suffix: text: if hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;
  reverseList = list: genList (at: elemAt list (length list - at - 1)) (length list);
  splitString =
    separator: text:
    filter builtins.isString (builtins.split (escape (stringToCharacters "\\^$.|?*+()[]{}") separator) text);
  toLower = builtins.replaceStrings (stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ") (
    stringToCharacters "abcdefghijklmnopqrstuvwxyz"
  );
  unique = foldl' (taken: item: if builtins.elem item taken then taken else taken ++ [ item ]) [ ];
}
