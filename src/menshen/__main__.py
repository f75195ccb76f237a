"""`python -m menshen` is the `menshen` command."""

from menshen.cli.main import main

main()
