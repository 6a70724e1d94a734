"""`python -m cyclspec`."""

from cyclspec.cli.main import main

main()
