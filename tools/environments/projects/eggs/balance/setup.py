from setuptools import setup

setup(
    name="balance",
    version="1.0",
    packages=["balance"],
    zip_safe=False,
)
