from setuptools import setup

setup(
    name="hive-bees",
    version="1.0",
    packages=["hive", "hive.bees"],
    namespace_packages=["hive"],
    zip_safe=True,
)
