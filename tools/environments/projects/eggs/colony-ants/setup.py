from setuptools import setup

setup(
    name="colony-ants",
    version="1.0",
    packages=["colony", "colony.ants"],
    namespace_packages=["colony"],
)
