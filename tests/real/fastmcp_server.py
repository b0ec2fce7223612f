"""A server as its user would write it with fastmcp: both eras, slow to start."""
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
    mcp.run()
