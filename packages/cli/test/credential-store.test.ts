import { Redactor } from "@sallyport/auth-core/redactor";
import { temporaryFolder } from "@sallyport/testkit";
import { expect, test } from "vitest";
import { credentialStore } from "../src/credential-store.ts";

test("what is kept of a sign-in is masked from then on, by whoever wrote it and whoever reads it", async () => {
  const folder = await temporaryFolder();
  try {
    const env = { SALLYPORT_HOME: `${folder.path}/home` };
    const writer = new Redactor();
    const reader = new Redactor();
    const tokens = { accessToken: "secret-access", refreshToken: "secret-refresh", tokenType: "bearer" };
    const record = JSON.stringify({ owner: { issuer: "https://as.example" }, value: { tokens } });
    await credentialStore({ env, redactor: writer }).set("tokens-1", record);
    expect(await credentialStore({ env, redactor: reader }).get("tokens-1")).toBe(record);
    for (const redactor of [writer, reader]) {
      expect(redactor.redact("secret-access, secret-refresh at https://as.example, bearer")).toBe(
        "••••, •••• at https://as.example, bearer",
      );
    }
    const other = credentialStore({ env, redactor: new Redactor() });
    await other.set("tokens-2", "no record");
    expect(await other.get("tokens-2")).toBe("no record");
  } finally {
    await folder.remove();
  }
});
