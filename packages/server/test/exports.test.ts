/**
 * The package's surface, name by name: adding to it is a decision, taking away is a breaking change.
 */
import { expect, it } from "vitest";
import * as surface from "../src/index.ts";

it("exports these values and no others", () => {
  expect(Object.keys(surface).sort()).toEqual([
    "AccessToken",
    "AuthenticationError",
    "BearerAuthProvider",
    "InsufficientScopeError",
    "MCPServer",
    "authInfo",
    "createAuthGate",
    "envTokens",
    "getAccessToken",
    "requireAuth",
    "requireScopes",
    "runWithAccessToken",
    "staticTokens",
  ]);
});
