// Node's `ws`: a loop of `send` over all clients, uncompressed. Takes "burst EVENTS TURN BYTES" on stdin, answers "done".
// The package is that of the end-to-end tests' clients; its folder is the argument.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { WebSocketServer } = createRequire(process.argv[2] + '/')('ws');
const HEADER_BYTES = 4;
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, backlog: 4096 });
server.on('listening', () => console.log(`ready port=${server.address().port}`));

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
for await (const line of lines) {
  const [events, perTurn, frameBytes] = line.split(' ').slice(1).map(Number);
  const data = Buffer.alloc(frameBytes - HEADER_BYTES, 'x');
  for (let number = 1; number <= events; number++) {
    for (const client of server.clients) client.send(data, { binary: false });
    if (number % perTurn === 0) await nextTurn();
  }
  console.log('done');
}
