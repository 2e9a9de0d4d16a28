{ own, ... }:
let
  target = torch: backend: version: {
    name = "${torch} ${backend} ${toString version}";
    row = { inherit torch backend version; };
  };
  nameOf = targets: (own.chooseTarget targets).name;
in
{
  "the first backend, the newest Torch, the oldest toolkit" = {
    expr = nameOf [
      (target "2.12" "cpu" null)
      (target "2.11" "cuda" "12.6")
      (target "2.12" "cuda" "13.2")
      (target "2.12" "cuda" "13.0")
    ];
    expected = "2.12 cuda 13.0";
  };
  "releases are compared as numbers" = {
    expr = nameOf [
      (target "2.9" "cpu" null)
      (target "2.10" "cpu" null)
    ];
    expected = "2.10 cpu ";
  };
  "nothing of nothing" = {
    expr = own.chooseTarget [ ];
    expected = null;
  };
}
