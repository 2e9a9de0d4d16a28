"""Runs blocks of Python one after the other in one process: a JSON request on each line, a JSON answer for each."""

import ast
import json
import os
import sys
import traceback


def main() -> None:
    """Answer until there is nothing more to run."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[0] = ""  # the folder, as where Python is told nothing
    names: dict[str, object] = {"__name__": "__main__"}
    for line in sys.stdin:
        request = json.loads(line)
        os.chdir(request["folder"])
        problem = None
        try:
            tree = ast.increment_lineno(ast.parse(request["code"]), request["line"] - 1)
            exec(compile(tree, request["place"], "exec"), names)  # noqa: S102 - this is what it is for
        except BaseException:  # noqa: BLE001 - also a SystemExit is one that the page does not speak of
            problem = traceback.format_exc()
        print(json.dumps(problem), file=answers, flush=True)


if __name__ == "__main__":
    main()
