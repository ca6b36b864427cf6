"""`python -m pipeline` is the `coppice` command."""

from pipeline.cli.main import main

if __name__ == "__main__":
    main()
