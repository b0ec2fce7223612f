#!/usr/bin/env python3
"""The real servers: where they are, how they are configured, and that they answer.

usage: servers.py config CACHE SCRATCH BRIDGE
       servers.py check CONFIG
       servers.py with CONFIG COMMAND...

config  writes SCRATCH/servers.json, in the shape of ~/.claude.json: each server
        over stdio under its name, and again as NAME-socket on a Unix socket in
        SCRATCH. BRIDGE is the tmcp-test-server that puts them there.
check   starts each server and calls one tool, by raw JSON, both ways.
with    runs COMMAND while the sockets are served, with MCP_REAL_CONFIG set.

The members "front" and "try" of an entry are for these tests alone: the command
that serves the socket; a tool, its arguments and a part of its answer.
"""
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE = 60                   # npx and Python servers start slowly when cold
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "0"}}


def entries(cache, scratch):
    """Each server as a user would enter it, and a call to try."""
    npm, venv = os.path.join(cache, "npm"), os.path.join(cache, "venv/bin")
    files = os.path.join(scratch, "files")
    os.makedirs(files, exist_ok=True)
    with open(os.path.join(files, "hello.txt"), "w", encoding="utf-8") as file:
        file.write("hello\n")

    def node(name, *args):
        path = f"node_modules/@modelcontextprotocol/server-{name}/dist/index.js"
        return {"command": "node", "args": [os.path.join(npm, path), *args]}

    npx = ["--prefix", npm, "--no-install", "mcp-server-everything", "stdio"]
    memory = {"MEMORY_FILE_PATH": os.path.join(scratch, "memory.jsonl")}
    fastmcp = os.path.join(HERE, "fastmcp_server.py")
    return {
        "everything": {"command": "npx", "args": npx,
                       "try": ["echo", {"message": "hi"}, "Echo: hi"]},
        "memory": dict(node("memory"), env=memory, type="stdio",
                       **{"try": ["read_graph", {}, "entities"]}),
        "filesystem": dict(node("filesystem", files),
                           **{"try": ["list_directory", {"path": files}, "hello.txt"]}),
        "time": {"command": os.path.join(venv, "mcp-server-time"), "args": ["--local-timezone=UTC"],
                 "try": ["get_current_time", {"timezone": "UTC"}, "UTC"]},
        "fastmcp": {"command": os.path.join(venv, "python"), "args": [fastmcp],
                    "env": {"FASTMCP_SHOW_SERVER_BANNER": "false"},
                    "try": ["add", {"a": 2, "b": 3}, "5"]},
    }


def write_config(cache, scratch, bridge):
    servers = entries(cache, scratch)
    for name, entry in list(servers.items()):
        path = os.path.join(scratch, f"{name}.sock")
        servers[f"{name}-socket"] = {
            "transport": "socket", "socket_path": path, "env": entry.get("env", {}),
            "front": [bridge, "--bridge", path, "--", entry["command"], *entry["args"]],
            "try": entry["try"],
        }
    config = {
        "numStartups": 12, "installMethod": "unknown", "autoUpdates": True,
        "projects": {scratch: {"allowedTools": [], "history": [], "mcpServers": {}}},
        "mcpServers": servers,
    }
    with open(os.path.join(scratch, "servers.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)


class Peer:
    """A raw client on two descriptors, with a deadline on every read."""

    def __init__(self, read_fd, write_fd):
        self.read_fd, self.write_fd, self.rest, self.last = read_fd, write_fd, b"", 0

    def send(self, **message):
        data = (json.dumps({"jsonrpc": "2.0", **message}) + "\n").encode()
        while data:
            data = data[os.write(self.write_fd, data):]

    def request(self, method, **params):
        self.last += 1
        self.send(id=self.last, method=method, params=params)
        end = time.monotonic() + DEADLINE
        while True:
            while b"\n" not in self.rest:
                left = max(0, end - time.monotonic())
                if not select.select([self.read_fd], [], [], left)[0]:
                    raise AssertionError(f"{method}: no reply in {DEADLINE} s")
                data = os.read(self.read_fd, 65536)
                if not data:
                    raise AssertionError(f"{method}: the server hung up")
                self.rest += data
            line, self.rest = self.rest.split(b"\n", 1)
            message = json.loads(line)
            if "method" not in message and message.get("id") == self.last:
                return message
            if "method" in message and "id" in message:
                self.send(id=message["id"], error={"code": -32601, "message": "not here"})


def try_call(peer, tool, arguments, expected):
    """Finds the era, lists the tools, calls one."""
    reply = peer.request("server/discover", _meta=META)
    modern = "2026-07-28" in reply.get("result", {}).get("supportedVersions", [])
    meta = {"_meta": META} if modern else {}
    if not modern:
        reply = peer.request("initialize", protocolVersion="2025-11-25", capabilities={},
                             clientInfo={"name": "raw", "version": "0"})
        assert "result" in reply, reply
        peer.send(method="notifications/initialized")
    tools = peer.request("tools/list", **meta)["result"]["tools"]
    assert any(known["name"] == tool for known in tools), f"no tool {tool}"
    reply = peer.request("tools/call", name=tool, arguments=arguments, **meta)
    text = reply["result"]["content"][0]["text"]
    assert expected in text, f"{tool} said {text}"
    return f"{'modern' if modern else 'legacy'}, {len(tools)} tools"


def check_stdio(entry):
    process = subprocess.Popen([entry["command"], *entry["args"]], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env=dict(os.environ, **entry.get("env", {})))
    try:
        peer = Peer(process.stdout.fileno(), process.stdin.fileno())
        said = try_call(peer, *entry["try"])
        process.stdin.close()
        process.wait(DEADLINE)
        return said
    finally:
        end(process)


def check_socket(entry):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(entry["socket_path"])
        return try_call(Peer(connection.fileno(), connection.fileno()), *entry["try"])


def end(process):
    """Ends a process of ours that has not ended by itself."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def serve_sockets(servers, bridges):
    for name, entry in servers.items():
        if "front" in entry:
            env = dict(os.environ, **entry["env"])
            bridges.append(subprocess.Popen(entry["front"], env=env, stderr=subprocess.DEVNULL))
            limit = time.monotonic() + DEADLINE
            while not os.path.exists(entry["socket_path"]):
                assert bridges[-1].poll() is None, f"{name}: the bridge ended"
                assert time.monotonic() < limit, f"{name}: no socket"
                time.sleep(0.01)


def check(servers):
    failed = 0
    for name, entry in servers.items():
        began = time.monotonic()
        try:
            said = check_socket(entry) if "socket_path" in entry else check_stdio(entry)
            print(f"ok: {name}: {said}, {time.monotonic() - began:.1f} s", flush=True)
        except (AssertionError, OSError, KeyError, ValueError) as error:
            failed += 1
            print(f"failed: {name}: {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


def main():
    mode, *args = sys.argv[1:] or ["help"]
    if mode == "config" and len(args) == 3:
        return write_config(*args)
    if mode not in ("check", "with") or not args or (mode == "with") != (len(args) > 1):
        sys.exit(__doc__)
    with open(args[0], encoding="utf-8") as file:
        servers = json.load(file)["mcpServers"]
    bridges = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        serve_sockets(servers, bridges)
        if mode == "check":
            return check(servers)
        env = dict(os.environ, MCP_REAL_CONFIG=os.path.abspath(args[0]))
        return subprocess.run(args[1:], env=env, check=False).returncode
    finally:
        for bridge in bridges:
            end(bridge)


if __name__ == "__main__":
    sys.exit(main())
