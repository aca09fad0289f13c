"""The checks of scim2-tester, as its command line runs them: all must pass, and none may vanish."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from served import served

# What scim2-tester 0.5.2 makes of the resource types that a new store has. Fewer would mean that it found less to
# check: that we no longer advertise something.
CHECKS = 135
PATIENCE = 300

RESULT = re.compile(r"^([A-Z_]+) \S")


def main() -> int:
    program = Path(sys.executable).with_name("scim")
    with served() as endpoint:
        done = subprocess.run(
            [program, "--url", endpoint.url, "test", "--verbose"],
            # Secrets on a command line are for everyone to see.
            env={**os.environ, "SCIM_CLI_HEADERS": f"Authorization: Bearer {endpoint.token}", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    statuses = Counter(found[1] for line in done.stdout.splitlines() if (found := RESULT.match(line)))
    passed = statuses.pop("SUCCESS", 0)
    print(f"scim2-tester: {passed} of {passed + statuses.total()} checks SUCCESS")
    if done.returncode == 0 and not statuses and passed == CHECKS:
        return 0
    print(f"exit {done.returncode}, {dict(statuses)}; {CHECKS} checks were expected\n{done.stdout}\n{done.stderr}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
