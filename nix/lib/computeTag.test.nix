{ own, ... }:
{
  "CUDA goes by its short name" = {
    expr = own.computeTag {
      backend = "cuda";
      version = "13.0";
    };
    expected = "cu130";
  };
  "others go by their own" = {
    expr = own.computeTag {
      backend = "xpu";
      version = "2025.3";
    };
    expected = "xpu20253";
  };
  "some have no version" = {
    expr = map (backend: own.computeTag { inherit backend; version = null; }) [
      "cpu"
      "cuda"
    ];
    expected = [
      "cpu"
      "cuda"
    ];
  };
}
