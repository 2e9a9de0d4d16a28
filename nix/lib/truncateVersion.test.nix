{ own, ... }:
{
  "as many components as the bound has" = {
    expr = map (own.truncateVersion "13.2.1") [
      "13"
      "12.8"
      "1.2.3.4"
    ];
    expected = [
      "13"
      "13.2"
      "13.2.1"
    ];
  };
}
