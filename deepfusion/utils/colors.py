"""ANSI escape codes that highlight printed output."""

color_end = '\033[0m'
red = '\033[0;31m'
cyan = '\033[0;36m'
green = '\033[0;92m'
yellow = '\033[0;93m'
blue = '\033[0;94m'
