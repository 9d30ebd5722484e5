from setuptools import setup

setup(
    name="colony-wasps",
    version="1.0",
    packages=["colony", "colony.wasps"],
    namespace_packages=["colony"],
)
