// Reads the stream with eventsource-parser and splits it by task.
import { createRequire } from "node:module";
const require = createRequire(process.env.PEERS + "/");
const { createParser } = require("eventsource-parser");

const tasks = new Map();
const parser = createParser({
  onEvent(event) {
    const data = JSON.parse(event.data);
    if (event.event !== "custom") return;
    let task = tasks.get(data.task_name);
    if (!task) tasks.set(data.task_name, (task = [0, 0]));
    task[0] += 1;
    task[1] += data.stdout.length;
  },
});
const answer = await fetch(process.argv[2] + "/invoke/stdout", { method: "POST" });
const decoder = new TextDecoder();
for await (const piece of answer.body) parser.feed(decoder.decode(piece, { stream: true }));
const sum = (n) => [...tasks.values()].reduce((all, task) => all + task[n], 0);
console.log(tasks.size, sum(0), sum(1));
