{
  description = "The part of nixpkgs that nix/ uses, made from what this machine has; for tests";

  outputs = _: { lib = import ./lib; };
}
