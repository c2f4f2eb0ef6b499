"""What pyproject.toml cannot say: one module is compiled where that is possible.

Without a compiler it is left out, and the same functions in Python are used (`wire/usual.py`).
"""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "trunkline.wire._usual",
            sources=["src/trunkline/wire/_usual.c"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
