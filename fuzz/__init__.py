"""Fuzz targets: bytes that nobody thought of."""
