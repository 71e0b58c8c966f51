"""Layers as rows of inputs times a matrix, and the second moments of those inputs."""
