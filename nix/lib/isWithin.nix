/**
  Whether a version is at or above one bound and at or below another, compared on as many components as the bound names.
  A bound may be `null`, for none; so may the version, which is within every bound then.

  # Type

  { minver :: String | Null; maxver :: String | Null; } -> (String | Null) -> Bool

  # Example

  isWithin { minver = null; maxver = "12"; } "12.8" => true
*/
{ own, ... }:
{ minver, maxver }:
version:
let
  compared = bound: builtins.compareVersions (own.truncateVersion version bound) bound;
in
version == null || ((minver == null || compared minver >= 0) && (maxver == null || compared maxver <= 0))
