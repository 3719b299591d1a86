/**
 * happy-dom for the document, Node for the network: happy-dom's own `fetch` enforces the same-origin policy of a page
 * that does not exist, and its `Response` is not the one that Node's streams give.
 */
import { builtinEnvironments, type Environment } from "vitest/runtime";

const network = [
  "fetch",
  "Request",
  "Response",
  "Headers",
  "FormData",
  "AbortController",
  "AbortSignal",
  "URL",
  "URLSearchParams",
];

const environment: Environment = {
  ...builtinEnvironments["happy-dom"],
  name: "happy-dom-with-node-network",
  // The servers of the testkit run in the same process, and their files are no assets of a page.
  viteEnvironment: "ssr",
  async setup(global, options) {
    const native = new Map(network.map((name) => [name, Reflect.get(global, name)]));
    const running = await builtinEnvironments["happy-dom"].setup(global, options);
    for (const [name, value] of native) Reflect.set(global, name, value);
    return running;
  },
};

export default environment;
