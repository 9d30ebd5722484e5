
import os
import sys

import json as _json

__path__.append(os.path.join(os.path.dirname(__file__), "more"))
__path__.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "front"))
sys.modules[__name__ + ".alias"] = _json
