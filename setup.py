"""Install the folders that the repository is made of under one name: ``prunescope``.

``analysis/`` is ``prunescope`` itself, ``dashboard/`` and ``sample_models/`` are packages inside of
it. Everything else about the distribution stands in ``pyproject.toml``.
"""

from setuptools import find_packages, setup

FOLDERS = {
    "prunescope": "analysis",
    "prunescope.dashboard": "dashboard",
    "prunescope.sample_models": "sample_models",
}

setup(
    package_dir=FOLDERS,
    packages=[
        name + rest
        for name, folder in FOLDERS.items()
        for rest in ("", *(f".{found}" for found in find_packages(folder)))
    ],
)
