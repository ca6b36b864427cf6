"""What coppice can do on this machine, each figure beside its baseline; see docs/benchmarks.md."""
