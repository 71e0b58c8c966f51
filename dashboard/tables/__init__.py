"""What pages show, as DataFrames. No Streamlit."""
