"""A server as many are written in Python: one event loop, and tools that block it. On
whatever connection, one call runs at a time."""
import asyncio
import json
import sys
import time


async def serve(reader, writer):
    while line := await reader.readline():
        message = json.loads(line)
        if "id" not in message:
            continue
        method, params = message["method"], message.get("params") or {}
        answer = {"jsonrpc": "2.0", "id": message["id"]}
        if method == "initialize":
            answer["result"] = {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "serial", "version": "1"},
            }
        elif method == "tools/call":
            time.sleep(params["arguments"]["ms"] / 1000)
            answer["result"] = {"content": [{"type": "text", "text": "done"}]}
        else:
            answer["error"] = {"code": -32601, "message": "Method not found"}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_unix_server(serve, sys.argv[1])
    async with server:
        await server.serve_forever()


asyncio.run(main())
