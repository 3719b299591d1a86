/**
 * No authentication, on purpose: `auth: { "type": "none" }`.
 */
import type { Auth } from "./auth.ts";
import { HeaderAuth } from "./header-auth.ts";

/** Sends every request as it is, also after a 401. */
export const noAuth: Auth = /* @__PURE__ */ Object.freeze(/* @__PURE__ */ new HeaderAuth([]));
