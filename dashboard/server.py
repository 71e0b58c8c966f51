"""The server: Streamlit's own application with the gate and the page's frame around it.

``streamlit run dashboard/server.py -- FOLDER`` finds ``app`` by its name.
"""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from prunescope.dashboard.frame import Frame
from prunescope.dashboard.gate import Door, Gate

app = st.App(
    Path(__file__).with_name("app.py"),
    middleware=[Middleware(Gate, door=Door.handed_over()), Middleware(Frame)],
)
