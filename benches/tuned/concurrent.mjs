// A server as they are written for Node: tools that wait, and nothing that blocks.
import net from "node:net";
import readline from "node:readline";

net.createServer((socket) => {
  const answer = (id, rest) => socket.write(JSON.stringify({ jsonrpc: "2.0", id, ...rest }) + "\n");
  socket.on("error", () => {});
  readline.createInterface({ input: socket }).on("line", (line) => {
    const { id, method, params } = JSON.parse(line);
    if (id === undefined) return;
    if (method === "initialize") {
      answer(id, {
        result: {
          protocolVersion: params.protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: "concurrent", version: "1" },
        },
      });
    } else if (method === "tools/call") {
      const result = { content: [{ type: "text", text: "done" }] };
      setTimeout(() => answer(id, { result }), params.arguments.ms);
    } else {
      answer(id, { error: { code: -32601, message: "Method not found" } });
    }
  });
}).listen(process.argv[2]);
