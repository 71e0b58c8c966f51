"""One file per page: read state, load, chart, show."""
