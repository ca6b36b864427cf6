"""What the dashboards show; `tools/dashboards.py` makes Grafana's files from it."""
