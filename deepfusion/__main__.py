"""`python -m deepfusion`: the command line."""

from deepfusion.cli import main

if __name__ == '__main__':
    main()
