"""Reads the stream with the decoder of langgraph-sdk and splits it by task."""
import collections
import sys

import httpx
from langgraph_sdk.sse import SSEDecoder, iter_lines_raw

tasks = collections.defaultdict(lambda: [0, 0])
decoder = SSEDecoder()
with httpx.Client(timeout=None) as client:
    with client.stream("POST", sys.argv[1] + "/invoke/stdout") as answer:
        for line in iter_lines_raw(answer):
            part = decoder.decode(line.rstrip(b"\n"))
            if part is not None and part.event == "custom":
                task = tasks[part.data["task_name"]]
                task[0] += 1
                task[1] += len(part.data["stdout"])
print(len(tasks), sum(t[0] for t in tasks.values()), sum(t[1] for t in tasks.values()))
