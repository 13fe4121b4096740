"""`python -m warehouse` is the `qhawaq` command."""

from warehouse.cli import main

main()
