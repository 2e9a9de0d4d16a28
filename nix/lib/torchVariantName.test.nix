{ own, ... }:
let
  row = {
    torch = "2.13";
    backend = "cpu";
    version = null;
    system = "x86_64-linux";
  };
in
{
  "on Linux the ABI of C++ is part of the name" = {
    expr = own.torchVariantName row;
    expected = "torch213-cxx11-cpu-x86_64-linux";
  };
  "on macOS it is not" = {
    expr = own.torchVariantName (
      row
      // {
        backend = "metal";
        system = "aarch64-darwin";
      }
    );
    expected = "torch213-metal-aarch64-darwin";
  };
}
