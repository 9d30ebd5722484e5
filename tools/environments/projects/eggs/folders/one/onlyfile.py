
import os

__path__ = [os.path.join(os.path.dirname(__file__), "onlyfile_parts")]
