"""request.py ARM [BLOCKS]: prints the processor time of a request in µs, the median of blocks of 100.

Arms: "off"; "between", with no request watched after the first three; "every", one in 100 watched.
"""

import sys
import time

arm = sys.argv[1]
if arm != "off":
    import fastpath_recorder
import app

event = {"text": "the quick brown fox jumps over the lazy dog " * 8}


class Context:
    aws_request_id = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"


handler = app.handler
if arm != "off":
    handler = fastpath_recorder.lambda_handler(app.handler)
    recorder = fastpath_recorder._recorder
    recorder.every = 1
for _ in range(3):
    handler(event, Context)
if arm == "between":
    recorder.every, recorder.phase = 10**9, 1
elif arm == "every":
    recorder.every, recorder.phase = 100, 0
for _ in range(97):
    handler(event, Context)
blocks = []
for _ in range(int(sys.argv[2]) if sys.argv[2:] else 6):
    begin = time.process_time()
    for _ in range(100):
        handler(event, Context)
    blocks.append((time.process_time() - begin) / 100)
print(sorted(blocks)[len(blocks) // 2] * 1e6)
