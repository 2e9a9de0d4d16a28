/**
  What a shell does when it is entered: it makes `.venv` where there is none, whose Python has the packages of the shell,
  and enters it. What another shell has left in `.venv` stays; only which packages it sees is set anew.

  # Type

  Derivation -> String
*/
{ pkgs }:
python: ''
  unset LD_LIBRARY_PATH
  if [ ! -e .venv/bin/activate ]; then
    ${python}/bin/python3 -m venv .venv
  fi
  if [ -d .venv/lib/python${pkgs.python3.pythonVersion}/site-packages ]; then
    echo "import site; site.addsitedir('${python}/lib/python${pkgs.python3.pythonVersion}/site-packages')" \
      > .venv/lib/python${pkgs.python3.pythonVersion}/site-packages/kernel-builder-shell.pth
  else
    echo "kernel-builder: .venv is of another Python than ${pkgs.python3.pythonVersion}; remove it to have one made" >&2
  fi
  source .venv/bin/activate
''
