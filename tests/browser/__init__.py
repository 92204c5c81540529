"""A package, so that one browser and one JupyterLab serve all of its modules and end with the last of them."""
