/**
 * Where sign-ins are kept between commands, and what keeps their tokens out of diagnostics.
 */
import { join } from "node:path";
import type { CredentialStore } from "@sallyport/auth-core";
import { fileStore, sallyportHome } from "@sallyport/client-node";
import type { Context } from "./context.ts";

/** The store of a run: `credentials` in the session folder. Every secret that passes through it is masked from then on. */
export function credentialStore({ env, redactor }: Pick<Context, "env" | "redactor">): CredentialStore {
  const files = fileStore(join(sallyportHome(env), "credentials"));
  const note = (text: string | undefined): string | undefined => {
    for (const secret of secretsIn(text ?? "{}")) redactor.add(secret);
    return text;
  };
  return {
    get: async (key) => note(await files.get(key)),
    async set(key, value) {
      note(value);
      await files.set(key, value);
    },
    delete: (key) => files.delete(key),
    withLock: (key, run) => files.withLock(key, run),
  };
}

/** The members of a stored record that are secret by their name. */
function secretsIn(text: string): string[] {
  const found: string[] = [];
  try {
    JSON.parse(text, (name, value: unknown) => {
      if (typeof value === "string" && /(?:token|secret|verifier|state|key)$/i.test(name)) found.push(value);
      return value;
    });
  } catch {
    // Whoever reads the record says that it is none.
  }
  return found;
}
