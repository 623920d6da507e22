"""Child processes that never outlive us, and ports for them. Standard library only.

A child is started through this file as a small launcher (`python processes.py <parent pid> command …`), which asks
Linux to kill it when the parent dies and then becomes the command. So `kill -9` of `doorstep up` leaves nothing
behind. The request is tied to the *thread* that started the child: start children from a thread that lives on.
Where the kernel has no such request (macOS), only an orderly stop ends the children.
"""

from __future__ import annotations

import ctypes
import errno
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes the ports of outgoing connections (32768 and up). Inside it, a client that
# retries a stopped server's port can connect to itself and so hold the port against the restarted server.
PORTS = range(20_000, 32_000)


def tied(command: Sequence[str]) -> list[str]:
    """`command`, to be run so that it dies when this process (its starting thread) does."""
    if not sys.platform.startswith("linux"):
        return list(command)
    return [sys.executable, "-I", "-S", str(Path(__file__).absolute()), str(os.getpid()), *command]


BEHIND_THE_API = 10
"""On one machine a store's webhook is answered first: Temporal and the worker catch up behind the API."""


def yield_to_others(pid: int, niceness: int) -> None:
    """Lower a process's priority; before it has threads, so that all of them inherit it.

    Where Linux groups processes by session (autogroup, sched(7)), a priority counts among those of one session only.
    `spawn` leaves children in ours for that. A process that began one of its own (PostgreSQL's do) shares the
    processors equally with everybody, however it was niced, so its group is niced too: second best, for between groups
    nobody is preempted for a more urgent one.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
        if os.getsid(pid) == pid:
            Path(f"/proc/{pid}/autogroup").write_text(str(niceness))
    except OSError:
        pass  # already gone, and whoever waits for it will say so; or no such groups here


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    niceness: int = 0,
) -> subprocess.Popen[bytes]:
    """Starts `command` in a process group of its own (a terminal's Ctrl-C does not reach it), output appended to `log`.
    Not in a session of its own: see `yield_to_others`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as out:
        process = subprocess.Popen(
            tied(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=env,
            cwd=cwd,
            process_group=0,
        )
    if niceness:
        yield_to_others(process.pid, niceness)
    return process


def stop(process: subprocess.Popen[bytes], *, grace: float) -> None:
    """SIGTERM, `grace` seconds, then SIGKILL to the whole group; returns when it is gone."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            pass
    kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the process and to whatever else is in its group, as after a power cut."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # already gone
    process.wait()


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether one could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
        return True


def free_ports(count: int, *, preferred: Sequence[int] = ()) -> list[int]:
    """`count` different free loopback ports, the `preferred` ones first where they are free."""
    found = [port for port in preferred if is_free(port)][:count]
    for port in random.sample(PORTS, len(PORTS)):
        if len(found) == count:
            return found
        if port not in found and is_free(port):
            found.append(port)
    raise OSError(errno.EADDRINUSE, "no free loopback port")


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def tail(log: Path, lines: int = 5) -> str:
    """The last lines of a log file, for an error message."""
    try:
        text = log.read_bytes()[-20_000:].decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-lines:])


def wait_gone(pid: int, *, timeout: float) -> bool:
    """Waits until a process that may not be our child is gone; False when it is still there after `timeout` s."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if not alive(pid):
            return True
        time.sleep(0.02)
    return not alive(pid)


def alive(pid: int) -> bool:
    """Whether the process exists and is not a zombie that merely waits to be reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self").exists()


def _launch(parent: int, command: Sequence[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)
    try:
        os.execvp(command[0], list(command))  # noqa: S606 - becoming the command is the point
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    _launch(int(sys.argv[1]), sys.argv[2:])
