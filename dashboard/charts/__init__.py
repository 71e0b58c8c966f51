"""Figures from DataFrames. Plotly only: no Streamlit, no files."""
