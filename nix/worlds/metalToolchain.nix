/**
  Metal: Xcode of the machine, which no package can hold. The derivation asks to be built outside of the sandbox, which
  Nix grants where `sandbox = relaxed`.

  # Type

  Row -> { relaxed; setup; }
*/
{ }:
_row: {
  relaxed = true;
  setup = ''
    unset DEVELOPER_DIR SDKROOT
    export PATH=/usr/bin:$PATH
  '';
}
