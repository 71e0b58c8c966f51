"""Curves as Plotly figures, for pages and notebooks. No Streamlit, no files, no torch."""
