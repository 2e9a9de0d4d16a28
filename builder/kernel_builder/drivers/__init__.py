"""What turns a plan into build trees: the toolchain of this machine, or Nix."""
