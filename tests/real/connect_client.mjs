// A client of the official TypeScript SDK at the other end of `tmcp-bridge connect NAME`.
// usage: connect_client.mjs PREFIX BRIDGE NAME TOOL ARGUMENTS EXPECTED CALLS
// PREFIX is where npm has installed the SDK.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [prefix, bridge, name, tool, json, expected, calls] = process.argv.slice(2);
const require = createRequire(`${prefix}/`);
const load = (path) => import(pathToFileURL(require.resolve(path)));
const { Client } = await load('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = await load('@modelcontextprotocol/sdk/client/stdio.js');

const client = new Client({ name: 'typescript', version: '1.0' });
const transport = new StdioClientTransport({ command: bridge, args: ['connect', name], env: process.env });
await client.connect(transport);
const { tools } = await client.listTools();
if (!tools.some((one) => one.name === tool)) throw new Error(`no ${tool} in ${JSON.stringify(tools)}`);
for (let n = 0; n < Number(calls); n++) {
  const result = await client.callTool({ name: tool, arguments: JSON.parse(json) });
  if (!result.content[0].text.includes(expected)) throw new Error(JSON.stringify(result));
}
await client.close();
console.log(`${tools.length} tools by TypeScript`);
