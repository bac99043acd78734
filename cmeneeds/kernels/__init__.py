"""Notebook kernels that start at once: forked from a process that has imported everything before.

The Jupyter kernel ``cmeneeds`` names the provisioner of this package, so papermill, nbclient, nbval
and JupyterLab all use it by that name alone.
"""
