import json
from ledger import missing
