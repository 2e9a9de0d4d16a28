{ own, ... }:
let
  file = ./testdata/matrix.json;
  shown =
    row:
    "${row.torch} ${row.backend} ${toString row.version} ${row.system} ${toString row.tvmFfi}";
  rowsOf = attributes: map shown (own.readMatrix ({ inherit file; } // attributes)).rows;
in
{
  "its systems" = {
    expr = (own.readMatrix { inherit file; }).systems;
    expected = [
      "aarch64-darwin"
      "x86_64-linux"
    ];
  };
  "a row for each world; what compiles nothing needs no entry in a release" = {
    expr = rowsOf { };
    expected = [
      "2.11 cann  x86_64-linux "
      "2.11 cpu  aarch64-darwin 0.1"
      "2.11 cpu  x86_64-linux 0.1"
      "2.11 cuda 12.6 x86_64-linux "
      "2.11 cuda 13.0 x86_64-linux 0.1"
      "2.12 cann  x86_64-linux "
      "2.12 cpu  aarch64-darwin "
      "2.12 cpu  x86_64-linux "
    ];
  };
  "of chosen releases only" = {
    expr = rowsOf { torchVersions = builtins.filter (release: release.version == "2.12"); };
    expected = [
      "2.12 cann  x86_64-linux "
      "2.12 cpu  aarch64-darwin "
      "2.12 cpu  x86_64-linux "
    ];
  };
}
