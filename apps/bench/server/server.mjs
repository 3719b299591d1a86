/**
 * The server that is asked: answers every POST as an MCP server answers a tool call, and challenges under
 * /digest and /oauth. A process of its own, so that it does not run on the core that is measured. Tells its parent the port.
 */
import { createServer } from "node:http";

/** @type {Record<string, string>} */
const challenges = {
  "/digest": 'Digest realm="bench", qop="auth", algorithm=SHA-256, nonce="bmVpdGhlciBjaGVja2Vk", opaque="b3BhcXVl"',
  "/oauth": 'Bearer realm="bench"',
};
const answer = JSON.stringify({ jsonrpc: "2.0", id: 17, result: { content: [{ type: "text", text: "done" }] } });

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    const challenge = challenges[request.url ?? ""];
    if (challenge && request.headers.authorization === undefined)
      response.writeHead(401, { "www-authenticate": challenge }).end();
    else response.writeHead(200, { "content-type": "application/json" }).end(answer);
  });
});

server.listen(0, "127.0.0.1", () => process.send?.(server.address()?.port));
process.on("disconnect", () => process.exit());
