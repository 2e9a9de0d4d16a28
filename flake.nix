{
  description = "Build compute kernels for PyTorch, and load them into any program";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/ec1a11210589d294f0ac99d3290a27e6c73dfa1d";

  outputs = { self, nixpkgs }: import ./nix { inherit self nixpkgs; };
}
