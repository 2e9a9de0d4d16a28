#!/bin/sh
# Installs kernel-builder with Nix, step by step; `sh install.sh --help` says what the steps are.
set -eu

usage() {
  cat <<'TEXT'
Usage: sh install.sh [--dry-run] [--yes] [--cache URL --cache-key KEY] [--flake REF] [--installer URL]

Install what builds kernels in closed environments:

  1. Nix, with its own installer, if this machine has none.
  2. Flakes, switched on for you in ~/.config/nix/nix.conf, if they are off.
  3. A binary cache that you name, so that others' builds are downloaded instead of made again.
  4. kernel-builder, into your Nix profile.

Steps that are done already are left out: run it as often as you like.

Options:
  --dry-run        Show every command and every change, and do none of them.
  --yes            Ask nothing.
  --cache URL      A binary cache, such as file:///srv/cache. Whatever it signs, this machine will run.
  --cache-key KEY  Its public key, as NAME:KEY. Needed with --cache.
  --flake REF      Where kernel-builder comes from (default: github:huggingface/kernels#kernel-builder).
  --installer URL  Where the installer of Nix comes from (default: that of the Nix project).
  -h, --help       Show this text.
TEXT
}

say() { printf '%s\n' "$*"; }
fail() {
  printf 'install.sh: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

dry_run=false yes=false cache='' cache_key='' flake='github:huggingface/kernels#kernel-builder'
installer='https://nixos.org/nix/install'
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=true ;;
    --yes | -y) yes=true ;;
    --cache | --cache-key | --flake | --installer)
      [ $# -ge 2 ] && [ -n "$2" ] || fail "$1 needs a value" 'sh install.sh --help shows all options.'
      case $1 in
        --cache) cache=$2 ;;
        --cache-key) cache_key=$2 ;;
        --flake) flake=$2 ;;
        --installer) installer=$2 ;;
      esac
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "there is no option $1" 'sh install.sh --help shows those that there are.' ;;
  esac
  shift
done

if [ -n "$cache" ]; then
  [ -n "$cache_key" ] || fail 'a binary cache needs its public key' 'Ask whoever runs it, and add --cache-key NAME:KEY.'
fi
case $cache_key in
  '' | ?*:?*) ;;
  *) fail "$cache_key is no public key of a cache" 'A key is a name, a colon and the key itself, as in NAME:KEY.' ;;
esac
[ -z "$cache_key" ] || [ -n "$cache" ] || fail '--cache-key needs --cache' 'Name the cache that the key belongs to.'
system=$(uname -s)
case $system in
  Linux | Darwin) ;;
  *) fail "kernels are not built on $system" 'Linux, macOS, and Linux within WSL 2 are where Nix runs.' ;;
esac
[ -n "${HOME:-}" ] || fail 'HOME is not set' 'Set it to your own folder.'

ask() {
  if $yes || $dry_run; then return; fi
  [ -t 0 ] || fail "there is nobody to ask: $1" 'Add --yes if you agree.'
  printf '%s [y/N] ' "$1"
  read -r answer
  case $answer in
    y | Y | yes) ;;
    *) fail 'stopped, as you wished; nothing of this step was done' ;;
  esac
}

# run COMMAND...: shows it, and runs it unless nothing is to be done.
run() {
  say "  $ $*"
  if ! $dry_run; then "$@"; fi
}

work=''
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

install_nix() {
  say 'Nix is not here. Its installer makes /nix and, where it can, users that builds run as; it may ask for your password.'
  command -v curl >/dev/null || fail 'curl was not found, and the installer has to be downloaded' 'Install curl and run this again.'
  ask "Download and run $installer?"
  work=$(mktemp -d)
  run curl --proto '=https,file' --fail --silent --show-error --location --output "$work/install" "$installer" \
    || fail 'the installer could not be downloaded' 'See what curl says above, and run this again.'
  # A whole file, whose digest can be held against a published one; never a stream that stops half way.
  if ! $dry_run; then
    say "  sha256: $( (sha256sum "$work/install" 2>/dev/null || shasum -a 256 "$work/install") | cut -d' ' -f1)"
  fi
  mode='--daemon'
  if [ "$system" = Linux ] && [ ! -d /run/systemd/system ]; then
    say 'This system has no systemd, so that Nix is installed for you alone, without a daemon.'
    mode='--no-daemon'
  fi
  run sh "$work/install" "$mode" --yes || fail 'Nix was not installed' 'See what its installer says above.'
}

# A shell that was started before the installation has no nix on its PATH.
find_nix() {
  for profile in /nix/var/nix/profiles/default "$HOME/.nix-profile"; do
    if ! command -v nix >/dev/null && [ -x "$profile/bin/nix" ]; then PATH=$profile/bin:$PATH; fi
  done
  command -v nix >/dev/null
}

settings() { nix show-config 2>/dev/null || nix --extra-experimental-features nix-command config show 2>/dev/null; }

# set_option NAME VALUE: a line at the end of the user's nix.conf, if it is not there.
set_option() {
  file=${XDG_CONFIG_HOME:-$HOME/.config}/nix/nix.conf
  line="$1 = $2"
  if [ -f "$file" ] && grep -qxF -- "$line" "$file"; then
    say "  $file has it already: $line"
    return
  fi
  say "  $file gets the line: $line"
  if ! $dry_run; then
    mkdir -p "$(dirname "$file")"
    # An editor may have left the last line without its end.
    [ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || printf '\n' >>"$file"
    printf '%s\n' "$line" >>"$file"
  fi
}

say 'Step 1: Nix'
if find_nix; then
  say "  $(nix --version) is here."
else
  install_nix
  $dry_run || find_nix || fail 'nix is not where its installer puts it' 'Open a new shell and run this again.'
fi

say 'Step 2: flakes'
if features=$(settings | grep -E '^experimental-features =') && printf '%s\n' "$features" | grep -q nix-command \
  && printf '%s\n' "$features" | grep -q flakes; then
  say '  They are on.'
else
  set_option extra-experimental-features 'nix-command flakes'
fi

say 'Step 3: a binary cache'
if [ -n "$cache" ]; then
  ask "Run whatever $cache signs with $cache_key?"
  set_option extra-substituters "$cache"
  set_option extra-trusted-public-keys "$cache_key"
  say '  With a daemon, it counts for users in trusted-users of /etc/nix/nix.conf only.'
else
  say '  None was named; --cache adds one.'
fi

say 'Step 4: kernel-builder'
nix='nix --extra-experimental-features nix-command --extra-experimental-features flakes'
# shellcheck disable=SC2086 # several words
if ! $dry_run && $nix profile list 2>/dev/null | grep -qF kernel-builder; then
  say '  It is in your Nix profile.'
else
  run $nix profile install "$flake" || fail 'kernel-builder was not installed' 'See what Nix says above, and run this again.'
fi

say ''
say 'Done. In a new shell, "kernel-builder doctor" says what this machine can build.'
say 'Upgrade: nix profile upgrade --all    (before Nix 2.20: nix profile upgrade ".*")'
say 'Remove:  nix profile remove kernel-builder    (before Nix 2.20: nix profile remove ".*kernel-builder.*")'
