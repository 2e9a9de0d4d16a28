/**
  What a row computes on, as the names of variants have it.

  # Type

  { backend :: String; version :: String | Null; ... } -> String

  # Example

  computeTag { backend = "cuda"; version = "13.0"; } => "cu130"
*/
{ own, ... }:
{ backend, version, ... }:
(if backend == "cuda" && version != null then "cu" else backend) + (if version == null then "" else own.digits version)
