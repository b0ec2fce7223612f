#!/usr/bin/env python3
"""Stands in for the servers of docs/cookbook.md: memory, fetch, time and notes.

The first three have the tools of the servers that are published under these
names; none of them asks the network or keeps anything. Speaks on stdin and
stdout, in the protocol up to 2025-11-25.
"""
import json
import os
import sys
import threading

TEXT = {"type": "string"}


def schema(required, **properties):
    return {"type": "object", "required": required, "properties": properties}


class Server:
    """What all of them can do; each tool takes its arguments and the call."""

    tools = {}
    prompts = {}
    resources = {}

    def __init__(self):
        self.lock, self.running, self.watched = threading.Lock(), {}, set()

    def send(self, **message):
        with self.lock:
            print(json.dumps(dict(message, jsonrpc="2.0")), flush=True)

    def handle(self, message):
        method, params = message.get("method"), message.get("params") or {}
        if method == "notifications/cancelled":
            cancelled = self.running.get(params.get("requestId"))
            if cancelled:
                cancelled.set()
        elif method == "tools/call":
            cancelled = self.running[message["id"]] = threading.Event()
            threading.Thread(target=self.call, args=(message["id"], params, cancelled),
                             daemon=True).start()
        elif method is not None and "id" in message:
            answer = self.answer(method, params)
            if answer is None:
                self.send(id=message["id"], error={"code": -32601, "message": "method not found"})
            else:
                self.send(id=message["id"], result=answer)

    def answer(self, method, params):
        if method == "initialize":
            return {"protocolVersion": "2025-06-18", "serverInfo": {"name": "book", "version": "1"},
                    "capabilities": {"tools": {}, "prompts": {}, "resources": {"subscribe": True}}}
        if method == "tools/list":
            return {"tools": [{"name": name, "description": work.__doc__, "inputSchema": takes}
                              for name, (work, takes) in self.tools.items()]}
        if method == "prompts/list":
            return {"prompts": [{"name": name, "description": words,
                                 "arguments": [{"name": "code", "required": True}]}
                                for name, words in self.prompts.items()]}
        if method == "prompts/get":
            text = self.prompts[params["name"]] + "\n" + params["arguments"]["code"]
            return {"messages": [{"role": "user", "content": {"type": "text", "text": text}}]}
        if method == "resources/list":
            return {"resources": [{"uri": uri, "name": uri} for uri in self.resources]}
        if method == "resources/read":
            uri = params["uri"]
            return {"contents": [{"uri": uri, "mimeType": "text/plain",
                                  "text": self.resources[uri](self)}]}
        if method == "resources/subscribe":
            self.watched.add(params["uri"])
            return {}
        if method == "ping":
            return {}
        return None

    def call(self, number, params, cancelled):
        token = (params.get("_meta") or {}).get("progressToken")

        def step(done, of, words):
            if token is not None:
                self.send(method="notifications/progress",
                          params={"progressToken": token, "progress": done, "total": of, "message": words})
            return cancelled.wait(0.05)

        result = {}
        try:
            text = self.tools[params["name"]][0](self, params.get("arguments") or {}, step)
        except (KeyError, ValueError) as error:
            text, result["isError"] = f"no such thing: {error}", True
        self.running.pop(number, None)
        if not cancelled.is_set():
            self.send(id=number, result=dict(result, content=[{"type": "text", "text": text}]))


class Memory(Server):
    def search_nodes(self, args, _):
        """Search for nodes in the knowledge graph"""
        return json.dumps({"entities": [{"name": args["query"], "observations": ["seen in the book"]}]})

    tools = {"search_nodes": (search_nodes, schema(["query"], query=TEXT))}


class Fetch(Server):
    def fetch(self, args, _):
        """Fetches a URL from the internet"""
        return f"Contents of {args['url']}:\nnothing but this line"

    tools = {"fetch": (fetch, schema(["url"], url=TEXT, max_length={"type": "integer"}))}


class Time(Server):
    def get_current_time(self, args, _):
        """Get current time in a specific timezone"""
        if "/" not in args["timezone"]:
            raise ValueError(args["timezone"])
        return json.dumps({"timezone": args["timezone"], "datetime": "2026-03-01T12:34:56+00:00"})

    tools = {"get_current_time": (get_current_time, schema(["timezone"], timezone=TEXT))}


class Notes(Server):
    def read(self):
        with open(os.environ["NOTES_FILE"], encoding="utf-8") as file:
            return file.read()

    def add(self, args, _):
        """Keeps a note"""
        with open(os.environ["NOTES_FILE"], "a", encoding="utf-8") as file:
            file.write(args["text"] + "\n")
        for uri in self.watched:
            self.send(method="notifications/resources/updated", params={"uri": uri})
        return f"kept {len(args['text'])} characters"

    def explain(self, args, _):
        """Explains the output of a command"""
        lines = args["text"].split("\n")
        return f"explained, {len(lines)} lines, among them: " + " / ".join(lines[-3:])

    def index(self, args, step):
        """Reads all notes again, which takes long"""
        for done in range(args.get("notes", 1200)):
            if step(done, 1200, "reading notes"):
                break
        return "read all notes"

    tools = {"add": (add, schema(["text"], text=TEXT)),
             "explain": (explain, schema(["text"], text=TEXT)),
             "index": (index, schema([], notes={"type": "integer"}))}
    prompts = {"review": "Please review this code, and be kind:"}
    resources = {"notes://all": read}


def main():
    server = {"memory": Memory, "fetch": Fetch, "time": Time, "notes": Notes}[sys.argv[1]]()
    for line in sys.stdin:
        server.handle(json.loads(line))


if __name__ == "__main__":
    main()
