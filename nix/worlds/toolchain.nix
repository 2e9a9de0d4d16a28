/**
  What compiles for the backend of one row of the matrix, beside CMake and Ninja. A release that nixpkgs does not have
  is a package that says so when it is built.

  # Type

  Row -> {
    stdenv; packages :: [ Derivation ]; env :: { <name> :: String; };
    relaxed :: Bool;  # whether the sandbox has to let the build see Xcode
    setup :: String;  # what is run before the build
  }
*/
{
  cudaToolchain,
  lib,
  metalToolchain,
  pkgs,
  rocmToolchain,
  xpuToolchain,
}:
row:
let
  ofBackend = {
    cuda = cudaToolchain;
    metal = metalToolchain;
    rocm = rocmToolchain;
    xpu = xpuToolchain;
  };
in
{
  inherit (pkgs) stdenv;
  packages = [ ];
  env = { };
  relaxed = false;
  setup = "";
}
// lib.optionalAttrs (ofBackend ? ${row.backend}) (ofBackend.${row.backend} row)
