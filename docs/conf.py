"""How the documentation is built: ``make docs`` writes it to ``build/docs``, without a warning."""

import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "extensions"))

project = "Prunescope"
author = "Prunescope's authors"
copyright = "Prunescope's authors, MIT licence"  # noqa: A001 - Sphinx's name
release = metadata.version("prunescope")

extensions = [
    "myst_nb",  # myst_parser for pages, and for notebooks as they are stored
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "generated_pages",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
nb_execution_mode = "off"  # tests run the notebooks; python -m tests.notebooks stores their outputs
suppress_warnings = ["mystnb.unknown_mime_type"]  # a Plotly figure's data; its picture is shown
exclude_patterns = ["extensions"]

myst_enable_extensions = ["deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures are long enough as they are; Args give shapes and units
autodoc_class_signature = "separated"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = ["Source"]
add_module_names = False

plain = tags.has("plain")  # noqa: F821 - Sphinx's name, of the command line's -t
html_theme = "basic" if plain else "furo"  # its navigation takes half of the time
html_title = "Prunescope"
html_favicon = "../dashboard/icon.png"
html_copy_source = False
html_theme_options = (
    {}
    if plain
    else {
        "light_css_variables": {"color-brand-primary": "#2459B8", "color-brand-content": "#2459B8"},
        "dark_css_variables": {"color-brand-primary": "#7AA8F7", "color-brand-content": "#7AA8F7"},
    }
)
