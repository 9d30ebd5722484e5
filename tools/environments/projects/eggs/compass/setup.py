from setuptools import setup

setup(
    name="compass",
    version="1.0",
    packages=["compass"],
    package_dir={"": "src"},
)
