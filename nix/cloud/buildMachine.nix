/**
  A NixOS module: a machine that others build kernels on, and take what it has built from.

  # Type

  { config :: AttrSet; lib :: Library; ... } -> Module
*/
{ config, lib, ... }:
let
  cfg = config.services.kernelBuildMachine;
  inherit (lib) mkOption types;
in
{
  options.services.kernelBuildMachine = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether this machine builds kernels for others.";
    };
    builders = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "ssh-ed25519 AAAA… me@laptop" ];
      description = ''
        The public ssh keys of those who may build here. They get no shell. They are trusted by Nix, which means that
        they can put anything into the store: give the keys of people and runners that you would give root.
      '';
    };
    maxJobs = mkOption {
      type = types.either types.ints.positive (types.enum [ "auto" ]);
      default = "auto";
      description = "How many derivations are built at once. Kernels for CUDA want 4 GB of memory for each core.";
    };
    cores = mkOption {
      type = types.ints.unsigned;
      default = 0;
      description = "How many processors one derivation may use; 0 stands for all.";
    };
    substituters = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = {
        "https://cache.example.org" = "cache.example.org-1:AAAA…";
      };
      description = "Binary caches that this machine takes from beside that of NixOS, each with its public key.";
    };
    cache = {
      secretKeyFile = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "/var/lib/kernel-cache/secret-key";
        description = ''
          The file with the key that signs what this machine serves as a binary cache, made with
          `nix-store --generate-binary-cache-key NAME SECRET-FILE PUBLIC-FILE`. Without it, nothing is served.
          A path as text, so that the key does not get into the store, which everybody can read.
        '';
      };
      port = mkOption {
        type = types.port;
        default = 5000;
        description = "The port of the binary cache. Put a web server with TLS before it where the network is not yours.";
      };
    };
    keepDays = mkOption {
      type = types.ints.positive;
      default = 30;
      description = "After how many days without use what was built is removed.";
    };
  };

  config = lib.mkIf cfg.enable {
    nix = {
      settings = {
        experimental-features = [
          "nix-command"
          "flakes"
        ];
        # Derivations of kernels are refused by the builder where there is no sandbox.
        sandbox = true;
        max-jobs = cfg.maxJobs;
        inherit (cfg) cores;
        trusted-users = [ "nix-ssh" ];
        substituters = builtins.attrNames cfg.substituters;
        trusted-public-keys = builtins.attrValues cfg.substituters;
        # A build that fills the disk fails all others with it.
        min-free = 20 * 1024 * 1024 * 1024;
        max-free = 60 * 1024 * 1024 * 1024;
      };
      gc = {
        automatic = true;
        dates = "weekly";
        options = "--delete-older-than ${toString cfg.keepDays}d";
      };
      sshServe = {
        enable = cfg.builders != [ ];
        write = true;
        keys = cfg.builders;
      };
    };
    services = {
      openssh.settings = {
        PasswordAuthentication = false;
        KbdInteractiveAuthentication = false;
      };
      nix-serve = lib.mkIf (cfg.cache.secretKeyFile != null) {
        enable = true;
        openFirewall = true;
        inherit (cfg.cache) port secretKeyFile;
      };
    };
  };
}
