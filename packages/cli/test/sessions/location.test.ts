import { sallyportHome } from "@sallyport/client-node";
import { expect, test } from "vitest";
import { sessionFolder } from "../../src/sessions/location.ts";

// The command cannot ask client-node: it needs the folder before it loads anything that large.
test.each([{}, { SALLYPORT_HOME: "" }, { SALLYPORT_HOME: "relative/folder" }, { SALLYPORT_HOME: "/srv/agent" }])(
  "sessions lie where client-node keeps credentials: %j",
  (env) => {
    expect(sessionFolder(env)).toBe(sallyportHome(env));
  },
);
