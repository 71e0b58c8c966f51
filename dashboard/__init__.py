"""The dashboard: Streamlit over a folder of studies. Imports no torch; jobs run elsewhere."""
