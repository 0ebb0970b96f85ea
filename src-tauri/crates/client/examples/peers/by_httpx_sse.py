"""Reads the stream with httpx-sse and splits it by task."""
import collections
import json
import sys

import httpx
from httpx_sse import connect_sse

tasks = collections.defaultdict(lambda: [0, 0])
with httpx.Client(timeout=None) as client:
    with connect_sse(client, "POST", sys.argv[1] + "/invoke/stdout") as source:
        for event in source.iter_sse():
            data = json.loads(event.data)
            if event.event == "custom":
                task = tasks[data["task_name"]]
                task[0] += 1
                task[1] += len(data["stdout"])
print(len(tasks), sum(t[0] for t in tasks.values()), sum(t[1] for t in tasks.values()))
