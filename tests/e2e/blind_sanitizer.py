"""`coppice` without the detectors that its first argument names, separated by commas: what a defect would look like."""

import importlib
import sys

for name in sys.argv.pop(1).split(","):
    del importlib.import_module(f"pipeline.detect.{name}").DETECTOR

importlib.import_module("pipeline.cli.main").main()
