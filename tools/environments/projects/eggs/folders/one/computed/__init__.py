
import glob
import os

for _folder in sorted(glob.glob(os.path.join(os.path.dirname(__file__), "v*"))):
    __path__.append(_folder)
