/** Serves the built web page, and `config.json`, which tells it the servers to offer. */
import { readFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const root = new URL("../page/", import.meta.url);
const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

export function page(servers: readonly { name: string; url: string }[]): RequestListener {
  return async (request, response) => {
    const path = new URL(request.url ?? "/", "http://page").pathname;
    // URL parsing has resolved dot segments; what is left stays below the page's own folder.
    const file = new URL(`.${path === "/" ? "/index.html" : path}`, root);
    try {
      const body = path === "/config.json" ? JSON.stringify({ servers }) : await readFile(fileURLToPath(file));
      response.writeHead(200, {
        "content-type": path === "/config.json" ? "application/json" : (types[extname(file.pathname)] ?? "text/plain"),
        "x-content-type-options": "nosniff",
      });
      response.end(body);
    } catch {
      response.writeHead(404, { "content-type": "text/plain" }).end("Not found\n");
    }
  };
}
