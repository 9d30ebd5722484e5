from setuptools import setup

setup(
    name="abacus",
    version="1.0",
    packages=["abacus", "abacus.beads"],
    zip_safe=True,
)
