#!/usr/bin/env python3
"""An MCP server on a Unix socket, and on stdin when a client starts it."""
import json
import os
import socket
import stat
import sys
import threading
import time

PATH = os.environ.get("MCP_SOCKET_PATH") or os.path.join(
    os.environ.get("XDG_RUNTIME_DIR") or os.path.expanduser("~"), "mcp-example-py.sock")
LEGACY = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
MODERN = ["2026-07-28"]
INFO = {"name": "example-py", "version": "1.0.0"}
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"


def schema(**properties):
    return {"type": "object", "required": list(properties),
            "properties": {name: {"type": kind} for name, kind in properties.items()}}


def wait(seconds, cancelled):
    cancelled.wait(seconds)
    return f"waited {seconds} s"


# name: (what it does, its arguments, the function)
TOOLS = {
    "echo": ("Gives the text back", schema(text="string"), lambda args, _: args["text"]),
    "add": ("Adds two numbers", schema(a="number", b="number"),
            lambda args, _: str(args["a"] + args["b"])),
    "words": ("Counts words", schema(text="string"),
              lambda args, _: f"{len(args['text'].split())} words"),
    "now": ("Tells the time of day", schema(), lambda args, _: time.strftime("%H:%M:%S")),
    "wait": ("Waits, and can be cancelled", schema(seconds="number"),
             lambda args, cancelled: wait(args["seconds"], cancelled)),
}


class RpcError(Exception):
    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.error = {"code": code, "message": message}
        if data is not None:
            self.error["data"] = data


class Session:
    """One client: its replies must not mix, its calls can be cancelled."""

    def __init__(self, write):
        self.write, self.lock, self.running = write, threading.Lock(), {}

    def send(self, message):
        line = json.dumps(message, separators=(",", ":")) + "\n"
        with self.lock:
            try:
                self.write(line.encode())
            except OSError:
                pass                        # the client is gone

    def handle(self, line):
        try:
            message = json.loads(line)
        except ValueError:
            return self.reply(None, lambda: self.fail(-32700, "parse error"))
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            return                          # a response, and we asked nothing
        method, params = message["method"], message.get("params")
        if not isinstance(params, dict):
            params = {}
        if "id" not in message:
            if method == "notifications/cancelled":
                cancelled = self.running.get(json.dumps(params.get("requestId")))
                if cancelled:
                    cancelled.set()
        elif method == "tools/call":        # a thread, so that cancelling is heard
            key, cancelled = json.dumps(message["id"]), threading.Event()
            self.running[key] = cancelled
            threading.Thread(target=self.call, daemon=True,
                             args=(key, message["id"], params, cancelled)).start()
        else:
            self.reply(message["id"], lambda: self.answer(method, params))

    def call(self, key, request_id, params, cancelled):
        self.reply(request_id, lambda: self.run_tool(params, cancelled), cancelled)
        self.running.pop(key, None)

    def reply(self, request_id, work, cancelled=None):
        reply = {"jsonrpc": "2.0", "id": request_id}
        try:
            reply["result"] = work()
        except RpcError as error:
            reply["error"] = error.error
        except Exception as error:          # a bug here must not hang the client
            reply["error"] = {"code": -32603, "message": str(error)}
        if not (cancelled and cancelled.is_set()):
            self.send(reply)                # a cancelled call gets no reply

    def answer(self, method, params):
        if method == "initialize":          # clients before 2026-07-28 begin so
            wanted = params.get("protocolVersion")
            return {"protocolVersion": wanted if wanted in LEGACY else LEGACY[0],
                    "capabilities": {"tools": {}}, "serverInfo": INFO}
        if method == "ping":
            return {}
        if method == "server/discover":     # clients since 2026-07-28 begin so
            self.check_version(params)
            return {"resultType": "complete", "supportedVersions": MODERN,
                    "capabilities": {"tools": {}}, "ttlMs": 60000, "cacheScope": "public",
                    "_meta": {"io.modelcontextprotocol/serverInfo": INFO}}
        if method == "tools/list":
            self.check_version(params)
            return {"resultType": "complete", "ttlMs": 60000, "cacheScope": "public",
                    "tools": [{"name": name, "description": text, "inputSchema": arguments}
                              for name, (text, arguments, _) in TOOLS.items()]}
        return self.fail(-32601, f"method not found: {method}")

    def run_tool(self, params, cancelled):
        self.check_version(params)
        name, arguments = params.get("name"), params.get("arguments") or {}
        if name not in TOOLS:
            self.fail(-32602, f"unknown tool: {name}")
        result = {"resultType": "complete"}
        try:
            text = TOOLS[name][2](arguments, cancelled)
        except Exception as error:          # the tool's failure, not the protocol's
            text, result["isError"] = f"{type(error).__name__}: {error}", True
        return dict(result, content=[{"type": "text", "text": text}])

    def check_version(self, params):
        wanted = (params.get("_meta") or {}).get(VERSION_KEY)
        if wanted is not None and wanted not in MODERN:
            self.fail(-32022, "unsupported protocol version",
                      {"supported": MODERN, "requested": wanted})

    def fail(self, code, message, data=None):
        raise RpcError(code, message, data)


def serve(read, write):
    session, rest = Session(write), b""
    while True:
        try:
            data = read(65536)              # any part of a line, or several
        except OSError:
            data = b""
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                session.handle(line)
    for cancelled in list(session.running.values()):
        cancelled.set()


def serve_connection(connection):
    with connection:
        serve(connection.recv, connection.sendall)


def listen():
    """The listening socket, or None if another server has it."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(PATH)
            return None
        except ConnectionRefusedError:
            os.unlink(PATH)                 # left behind by a crash
        except FileNotFoundError:
            pass
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)                # mode 0600 from the very start
    try:
        listener.bind(PATH)
    finally:
        os.umask(before)
    listener.listen(64)
    return listener


def accept_all(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_connection, args=(connection,), daemon=True).start()


def write_stdout(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def main():
    # systemd and "</dev/null" mean a service; a pipe means that a client
    # started this process and speaks to it there, until it closes the pipe.
    mode = os.fstat(0).st_mode
    piped = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    listener = listen()
    if listener is None and not piped:
        sys.exit(f"{PATH}: another server is listening")
    try:
        if listener and piped:
            threading.Thread(target=accept_all, args=(listener,), daemon=True).start()
        if piped:
            serve(lambda size: os.read(0, size), write_stdout)
        else:
            accept_all(listener)
    finally:
        if listener:
            os.unlink(PATH)


if __name__ == "__main__":
    import signal
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        main()
    except KeyboardInterrupt:
        pass
