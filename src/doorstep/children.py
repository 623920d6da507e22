"""A long-lived child process that is started again when it dies, after a pause that grows while it keeps dying."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from doorstep import processes

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
HEALTHY_SECONDS = 20.0  # one that lived this long starts again without a pause

Report = Callable[[str], object]


class Child:
    """`name` for people, `command` to run, `log` for its output. Not thread-safe; its owner calls `watch` often."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str],
        report: Report,
    ) -> None:
        self.name = name
        self.log = log
        self.deaths = 0  # since it was last healthy
        self._command = command
        self._env = env
        self._report = report
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due = 0.0

    @property
    def pid(self) -> int | None:
        """Its process id; None while it is down."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        self._process = processes.spawn(self._command, log=self.log, env=self._env)
        self._started = time.monotonic()
        self._due = 0.0

    def watch(self) -> None:
        """Starts it again when it is down and its pause is over."""
        if self._process is None or self._process.poll() is None:
            return
        now = time.monotonic()
        if not self._due:
            processes.kill(self._process)  # whatever it left in its session
            self.deaths = 1 if now - self._started > HEALTHY_SECONDS else self.deaths + 1
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self.deaths - 1))
            self._due = now + pause
            how = _ended(self._process.returncode)
            self._report(f"The {self.name} {how}; starting it again in {pause:.1f} s. Its log: {self.log}")
        elif now >= self._due:
            self.start()

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self, *, grace: float) -> None:
        """SIGTERM, `grace` seconds, SIGKILL; returns when it is gone."""
        if self._process:
            processes.stop(self._process, grace=grace)


def _ended(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
