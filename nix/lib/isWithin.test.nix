{ own, ... }:
{
  "no bounds hold for every version" = {
    expr = own.isWithin {
      minver = null;
      maxver = null;
    } "2.11";
    expected = true;
  };
  "numbers are compared as numbers" = {
    expr = map
      (own.isWithin {
        minver = "2.9";
        maxver = "2.12";
      })
      [
        "2.8"
        "2.9"
        "2.11"
        "2.12"
        "2.13"
      ];
    expected = [
      false
      true
      true
      true
      false
    ];
  };
  "a bound of one number stands for all of its releases" = {
    expr = map
      (own.isWithin {
        minver = "13";
        maxver = "13";
      })
      [
        "12.8"
        "13.0"
        "13.2"
        "14.0"
      ];
    expected = [
      false
      true
      true
      false
    ];
  };
  "what has no version is within every bound" = {
    expr = own.isWithin {
      minver = "1";
      maxver = "2";
    } null;
    expected = true;
  };
}
