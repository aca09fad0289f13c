"""The real binary: a server as a process of its own, and commands that run to their end."""

import os
import queue
import re
import signal
import subprocess
import threading
from pathlib import Path

BINARY = os.environ["SCIMDB_BIN"]
LISTENING = re.compile(r"listening on (https?)://(\S+)")
PATIENCE = 30.0


def run(*arguments: str) -> str:
    """Runs a command of scimdb to its end, and gives what it wrote to standard output."""
    done = subprocess.run([BINARY, *arguments], env=environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, f"scimdb {' '.join(arguments)}: {done.returncode}\n{done.stderr}"
    return done.stdout


def environment() -> dict[str, str]:
    """The environment without settings of scimdb that whoever runs the tests may have."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SCIMDB_")}


class Server:
    """`scimdb serve` on a free port, ready for calls once constructed."""

    def __init__(self, folder: Path, *arguments: str, store: str = "store"):
        self.store = folder / store
        self.log = folder / "serve.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--store", str(self.store), "--address", "127.0.0.1:0", *arguments],
                env=environment(), cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
            )
        self.lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.scheme, self.address = self._listening()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def _listening(self) -> tuple[str, str]:
        while True:
            try:
                line = self.lines.get(timeout=PATIENCE)
            except queue.Empty:
                line = None
            if line is None:
                self.kill()
                raise AssertionError(f"the server did not start:\n{self.log.read_text()}")
            if found := LISTENING.search(line):
                return found[1], found[2]

    def terminate(self) -> None:
        """Asks it to stop, and does not wait."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, patience: float = PATIENCE) -> int:
        """Waits for its end, and gives its exit code."""
        try:
            return self.process.wait(patience)
        finally:
            self.kill()

    def stop(self) -> int:
        """Stops it, and gives its exit code."""
        self.terminate()
        return self.wait()

    def kill(self) -> None:
        """Ends it if it has not ended."""
        self.process.kill()
        self.process.wait()
