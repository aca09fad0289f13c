"""A product as a process: started, stopped, and killed."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from typing import Optional

from .scim import Failure, expect, say

# How long a start or a stop may take.
PROCESS_SECONDS = 60


class Product:
    """A product as a process."""

    def __init__(self, command: list[str], data: str, people_file: Optional[str], token: str) -> None:
        command = [*command, "--port", "0", "--data", data]
        if people_file is not None:
            command += ["--people", people_file]
        environment = {**os.environ, "SCIM_TOKEN": token}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.lines: queue.Queue[Optional[str]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.origin = self._origin()
        except BaseException:
            self.kill()
            raise

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip())
        self.lines.put(None)

    def _origin(self) -> str:
        deadline = time.monotonic() + PROCESS_SECONDS
        try:
            while (line := self.lines.get(timeout=max(0.0, deadline - time.monotonic()))) is not None:
                if line.startswith("listening on "):
                    return line[len("listening on "):].strip().rstrip("/")
        except queue.Empty:
            raise Failure(f"the product did not say where it listens within {PROCESS_SECONDS} seconds") from None
        raise Failure(f"the product ended before it listened, with {self.process.wait()}")

    def stop(self) -> None:
        """Stops it as an operator does; it must end with 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PROCESS_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure(f"the product still runs {PROCESS_SECONDS} seconds after SIGTERM") from None
        expect(status == 0, f"SIGTERM ended the product with {status} and not with 0")
        say("SIGTERM stops the product, with 0")

    def kill(self) -> None:
        """Ends it if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
