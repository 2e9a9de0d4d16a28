/**
  The script that tests one variant of a kernel: the tests that are marked `kernels_ci`, or all where none is.

  # Type

  { config; tests :: StorePath; package :: Derivation; python :: Derivation; } -> Derivation
*/
{ writeShellScriptBin }:
{
  config,
  tests,
  package,
  python,
}:
writeShellScriptBin "ci-test" ''
  set -u
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  cp -r ${tests}/tests "$folder/tests"
  chmod -R u+w "$folder"
  cd "$folder"
  export PYTHONPATH=${package} PYTHONDONTWRITEBYTECODE=1
  run() {
    ${python}/bin/python3 -m pytest -p no:cacheprovider -o "markers=kernels_ci: run by ci-test" tests "$@"
  }
  run -m kernels_ci "$@"
  status=$?
  if [ $status -eq 5 ]; then
    echo "ci-test: no test of ${config.name} is marked kernels_ci: all are run" >&2
    run "$@"
    status=$?
  fi
  exit $status
''
