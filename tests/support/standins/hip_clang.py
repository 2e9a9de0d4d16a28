"""A clang of ROCm that writes its command lines down and knows one device more than the clang that does the work."""

import json
import os
import sys
from pathlib import Path

REAL, MORE = os.environ["STANDIN_CLANG"], os.environ["STANDIN_ARCH"]

with Path(os.environ["STANDIN_LOG"]).open("a", encoding="utf-8") as log:
    log.write(json.dumps(sys.argv[1:]) + "\n")
if "--print-supported-cpus" in sys.argv:
    print(f"\t{MORE}", file=sys.stderr, flush=True)  # noqa: T201
os.execv(REAL, [REAL, *(word for word in sys.argv[1:] if word != f"--offload-arch={MORE}")])  # noqa: S606
