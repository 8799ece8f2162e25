"""`python -m fedisched`: the command line."""

from fedisched.cli import main

if __name__ == "__main__":
    main()
