"""One folder per page: read state, load, chart, show."""
