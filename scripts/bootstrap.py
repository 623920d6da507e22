"""Creates .venv from requirements.lock, or does nothing when it is already right. Standard library only.

A stamp, written last, says which lock and which pyproject the environment holds. Without a stamp the last
run was cut short, and since a killed installer can leave a package half unpacked, the environment is then
made anew. Two at once: the second waits for the first.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".doorstep-installed"
LOCK = ROOT / "requirements.lock"
NEEDED_BYTES = 600 * 1024 * 1024
LOCK_HELD: list[int] = []  # the lock's file descriptor, while we hold it


class Failed(Exception):
    """One sentence for the person at the terminal."""


def wanted() -> dict[str, str]:
    """What a finished environment's stamp holds."""
    return {
        "lock": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "project": hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(),
        "root": str(ROOT),  # a moved checkout has scripts that point at the old place
    }


def installed() -> dict[str, str]:
    """What the last finished run left, or nothing."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(stamp, dict) or not (VENV / "bin" / "python").exists():
        return {}
    return stamp


def run(*command: str) -> None:
    """Runs one installer. It inherits the lock: should we be killed, the next run waits until it has ended too."""
    env = {**os.environ, "VIRTUAL_ENV": str(VENV)}
    done = subprocess.run(command, cwd=ROOT, check=False, env=env, pass_fds=LOCK_HELD)
    if done.returncode != 0:
        raise Failed(f"`{' '.join(command[:6])} …` failed (see above)")


def make_environment() -> None:
    """An empty environment with pip in it (or uv beside it)."""
    if not shutil.which("uv"):
        run(sys.executable, "-m", "venv", "--clear", str(VENV))
        return
    shutil.rmtree(VENV, ignore_errors=True)
    run("uv", "venv", "--quiet", "--seed", "--python", sys.executable, str(VENV))


def install(*what: str) -> None:
    """`pip install` with uv where there is one; pip where there is none or it could not (pip reads pip's settings)."""
    python = str(VENV / "bin" / "python")
    if shutil.which("uv"):
        try:
            run("uv", "pip", "install", "--quiet", "--python", python, *what)
        except Failed:
            print("uv could not install; trying pip.", file=sys.stderr)
        else:
            return
    # --require-virtualenv: should .venv's python be a stray link, nothing gets into the interpreter behind it
    run(
        python,
        "-m",
        "pip",
        "--require-virtualenv",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        *what,
    )


def bring_up_to_date() -> None:
    want, have = wanted(), installed()
    if have == want:
        return
    free = shutil.disk_usage(ROOT).free
    if not have and free < NEEDED_BYTES:
        raise Failed(
            f"{free // 2**20} MB are free under {ROOT}, and the environment needs {NEEDED_BYTES // 2**20} MB"
        )
    if not have or have.get("root") != want["root"]:
        print("Creating .venv …", flush=True)
        make_environment()
    STAMP.unlink(missing_ok=True)
    if have.get("lock") != want["lock"] or have.get("root") != want["root"]:
        print("Installing what requirements.lock names (hashes checked) …", flush=True)
        install("--require-hashes", "-r", str(LOCK))
    install("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    partial = STAMP.with_suffix(".partial")
    partial.write_text(json.dumps(want))
    partial.replace(STAMP)
    print("Environment ready: .venv", flush=True)


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        if sys.version_info < (3, 13):  # noqa: UP036 - an older one may well be what runs this
            raise Failed(f"Doorstep needs Python 3.13 or newer, and this is {sys.version.split()[0]}")
        with open(ROOT / ".venv.lock", "w") as guard:
            try:
                fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("Another run is setting up .venv; waiting for it …", flush=True)
                fcntl.flock(guard, fcntl.LOCK_EX)
            LOCK_HELD.append(guard.fileno())
            bring_up_to_date()
    except (Failed, OSError) as error:
        print(f"Setting up .venv failed: {error}. Mend that and run the same command again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; run the same command again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
