"""A server as its user would write it with fastmcp: both eras, slow to start. With
"http" or "sse" and a port, or "http" and the path of a socket, it is served there."""
import sys

from fastmcp import FastMCP

mcp = FastMCP("example")


@mcp.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@mcp.tool
def shout(text: str) -> str:
    """Say it loud."""
    return text.upper() + "!"


if __name__ == "__main__":
    if len(sys.argv) < 3:
        mcp.run()
    elif sys.argv[2].isdigit():
        mcp.run(transport=sys.argv[1], host="127.0.0.1", port=int(sys.argv[2]))
    else:
        mcp.run(transport="http", uvicorn_config={"uds": sys.argv[2]})
