{ own, ... }:
{
  "every dot goes" = {
    expr = own.digits "2025.3.1";
    expected = "202531";
  };
}
