from setuptools import setup

setup(
    name="hive-honey",
    version="1.0",
    packages=["hive", "hive.honey"],
    namespace_packages=["hive"],
    zip_safe=False,
)
