"""`python -m doorstep` is the `doorstep` command."""

from doorstep.cli import app

if __name__ == "__main__":
    app(prog_name="doorstep")
