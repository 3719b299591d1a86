/** A server for the time of one test, answering "ok" unless told otherwise. */
import { type Handler, listen, type RunningServer } from "@sallyport/testkit";
import { onTestFinished } from "vitest";

export async function start(handler: Handler = (_, response) => void response.end("ok")): Promise<RunningServer> {
  const server = await listen(handler);
  onTestFinished(() => server.close());
  return server;
}

/** Refuses everything but one bearer token. */
export const wants =
  (token: string): Handler =>
  ({ headers }, response) => {
    response.statusCode = headers.authorization === `Bearer ${token}` ? 200 : 401;
    response.end(`status ${response.statusCode}`);
  };
