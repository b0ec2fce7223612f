"""A server of the Python SDK 1.x by WebSocket: websocket_server.py PORT."""
import sys

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.websocket import websocket_server
from mcp.types import TextContent, Tool
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

server = Server("websocket")


@server.list_tools()
async def list_tools():
    text = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    return [Tool(name="shout", description="Says it loud", inputSchema=text)]


@server.call_tool()
async def call_tool(name, arguments):
    return [TextContent(type="text", text=arguments["text"].upper() + "!")]


async def serve(websocket):
    async with websocket_server(websocket.scope, websocket.receive, websocket.send) as streams:
        await server.run(streams[0], streams[1], server.create_initialization_options())


app = Starlette(routes=[WebSocketRoute("/mcp", serve)])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", ws_ping_interval=1)
