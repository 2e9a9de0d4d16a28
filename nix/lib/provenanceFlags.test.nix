{ own, ... }:
{
  "a clean tree has a commit" = {
    expr = own.provenanceFlags { rev = "abc"; };
    expected = [
      "--kernel-sha"
      "abc"
    ];
  };
  "a dirty tree has one where Nix tells it" = {
    expr = own.provenanceFlags { dirtyRev = "abc-dirty"; };
    expected = [
      "--kernel-sha"
      "abc"
      "--kernel-dirty"
    ];
  };
  "a folder has none" = {
    expr = own.provenanceFlags { };
    expected = [ ];
  };
}
