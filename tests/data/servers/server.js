#!/usr/bin/env node
// An MCP server on a Unix socket, and on stdin when a client starts it.
'use strict';
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

const PATH = process.env.MCP_SOCKET_PATH ||
  path.join(process.env.XDG_RUNTIME_DIR || os.homedir(), 'mcp-example-js.sock');
const LEGACY = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
const MODERN = ['2026-07-28'];
const INFO = { name: 'example-js', version: '1.0.0' };
const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

const schema = (properties) => ({
  type: 'object',
  required: Object.keys(properties),
  properties: Object.fromEntries(
    Object.entries(properties).map(([name, type]) => [name, { type }])),
});

// name: what it does, its arguments, the function
const TOOLS = {
  echo: ['Gives the text back', schema({ text: 'string' }), ({ text }) => text],
  add: ['Adds two numbers', schema({ a: 'number', b: 'number' }), ({ a, b }) => String(a + b)],
  words: ['Counts words', schema({ text: 'string' }),
    ({ text }) => `${text.split(/\s+/).filter(Boolean).length} words`],
  now: ['Tells the time of day', schema({}), () => new Date().toTimeString().slice(0, 8)],
  wait: ['Waits, and can be cancelled', schema({ seconds: 'number' }),
    ({ seconds }, signal) => new Promise((resolve) => {
      const done = () => { clearTimeout(timer); resolve(`waited ${seconds} s`); };
      const timer = setTimeout(done, seconds * 1000);
      signal.addEventListener('abort', done);
    })],
};

function fail(code, message, data) {
  throw Object.assign(new Error(message), { rpc: { code, message, data } });
}

function checkVersion(params) {
  const wanted = params._meta && params._meta[VERSION_KEY];
  if (wanted !== undefined && !MODERN.includes(wanted)) {
    fail(-32022, 'unsupported protocol version', { supported: MODERN, requested: wanted });
  }
}

async function runTool(params, signal) {
  checkVersion(params);
  if (!Object.hasOwn(TOOLS, params.name)) fail(-32602, `unknown tool: ${params.name}`);
  const [, { required }, run] = TOOLS[params.name];
  const args = params.arguments || {};
  const result = { resultType: 'complete' };
  let text;
  try {
    const missing = required.find((name) => !(name in args));
    if (missing) throw new Error(`missing argument: ${missing}`);
    text = await run(args, signal);
  } catch (error) { // the tool's failure, not the protocol's
    text = String(error);
    result.isError = true;
  }
  return { ...result, content: [{ type: 'text', text }] };
}

function answer(method, params) {
  switch (method) {
    case 'initialize': // clients before 2026-07-28 begin so
      return {
        protocolVersion: LEGACY.includes(params.protocolVersion) ?
          params.protocolVersion : LEGACY[0],
        capabilities: { tools: {} },
        serverInfo: INFO,
      };
    case 'ping':
      return {};
    case 'server/discover': // clients since 2026-07-28 begin so
      checkVersion(params);
      return {
        resultType: 'complete', supportedVersions: MODERN, capabilities: { tools: {} },
        ttlMs: 60000, cacheScope: 'public',
        _meta: { 'io.modelcontextprotocol/serverInfo': INFO },
      };
    case 'tools/list':
      checkVersion(params);
      return {
        resultType: 'complete', ttlMs: 60000, cacheScope: 'public',
        tools: Object.entries(TOOLS).map(([name, [description, inputSchema]]) =>
          ({ name, description, inputSchema })),
      };
    default:
      return fail(-32601, `method not found: ${method}`);
  }
}

function serve(input, output, onEnd) {
  const running = new Map(); // calls of this client that can be cancelled
  const reply = async (id, work, signal) => {
    const message = { jsonrpc: '2.0', id };
    try {
      message.result = await work();
    } catch (error) {
      message.error = error.rpc || { code: -32603, message: String(error) };
    }
    if (signal && signal.aborted) return; // a cancelled call gets no reply
    if (output.writable) output.write(JSON.stringify(message) + '\n');
  };
  const handle = (line) => {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return reply(null, () => fail(-32700, 'parse error'));
    }
    if (!message || typeof message.method !== 'string') return; // we asked nothing
    const { id, method } = message;
    const params = message.params || {};
    if (id === undefined) {
      const call = method === 'notifications/cancelled' &&
        running.get(JSON.stringify(params.requestId));
      if (call) call.abort();
    } else if (method === 'tools/call') {
      const key = JSON.stringify(id);
      const call = new AbortController();
      running.set(key, call);
      reply(id, () => runTool(params, call.signal), call.signal)
        .finally(() => running.delete(key));
    } else {
      reply(id, () => answer(method, params));
    }
  };

  let rest = '';
  input.setEncoding('utf8'); // keeps characters that are cut in two together
  input.on('data', (data) => { // any part of a line, or several
    const lines = (rest + data).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.trim()) handle(line);
  });
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    for (const call of running.values()) call.abort();
    onEnd();
  };
  for (const event of ['end', 'close', 'error']) input.on(event, end);
  if (output !== input) output.on('error', end);
}

// systemd and "</dev/null" mean a service; a pipe means that a client started
// this process and speaks to it there, until it closes the pipe.
const stdin = fs.fstatSync(0);
const piped = stdin.isFIFO() || stdin.isSocket();
if (piped) serve(process.stdin, process.stdout, () => process.exit(0));

const server = net.createServer((socket) => serve(socket, socket, () => socket.end()));

function listen() {
  const before = process.umask(0o177); // mode 0600 from the very start
  server.listen(PATH);
  process.umask(before);
}

const probe = net.connect(PATH, () => {
  probe.destroy();
  if (piped) return; // another server has the socket; this one has its client
  console.error(`${PATH}: another server is listening`);
  process.exit(1);
});
probe.on('error', (error) => {
  if (error.code === 'ECONNREFUSED') fs.unlinkSync(PATH); // left behind by a crash
  listen();
});
server.on('error', (error) => {
  console.error(error.message);
  if (!piped) process.exit(1);
});
// Node removes the socket when the server is closed, also at exit.
process.on('exit', () => server.close());
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
