/**
 * The client under test: what a user of client-node would write. The suite starts it with the server's URL as the last
 * argument and says in the environment which scenario it is, and with which credentials. Its last line says how it ended:
 * `completed`, or `failed` and the code of the error.
 */
import { isSallyportError, memoryStore } from "@sallyport/auth-core";
import { loopbackInteraction, MCPClient } from "@sallyport/client-node";

const url = process.argv.at(-1);
const scenario = process.env["MCP_CONFORMANCE_SCENARIO"] ?? "";
const given: Readonly<Record<string, string>> = JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}");

/** What the suite's authorization servers know this client by, unless they register it. */
const clientMetadataUrl = "https://conformance-test.local/client-metadata.json";
/** Scenarios run at the same time: any free port. */
const person = { type: "oauth", callbackPort: 0, clientMetadataUrl };
const legacy = { ...person, legacyDiscovery: true };
const machine = { type: "oauth", grant: "client_credentials", clientId: given["client_id"] };

/** The `auth` entry of each scenario that needs another than the usual one. */
const entries: Readonly<Record<string, object>> = {
  "auth/pre-registration": {
    type: "oauth",
    callbackPort: 0,
    clientId: given["client_id"],
    clientSecret: given["client_secret"],
    issuer: given["issuer"],
  },
  "auth/client-credentials-basic": { ...machine, clientSecret: given["client_secret"] },
  "auth/client-credentials-jwt": { ...machine, privateKey: given["private_key_pem"] },
  "auth/enterprise-managed-authorization": {
    type: "oauth",
    grant: "enterprise",
    clientId: given["client_id"],
    clientSecret: given["client_secret"],
    idp: {
      issuer: given["idp_issuer"],
      tokenEndpoint: given["idp_token_endpoint"],
      clientId: given["idp_client_id"],
      idToken: given["idp_id_token"],
    },
  },
  "auth/wif-jwt-bearer": { type: "oauth", grant: "jwt_bearer", assertion: given["valid_jwt"] },
  "auth/dpop": { ...person, dpop: true },
  "auth/dpop-nonce": { ...person, dpop: true },
  "auth/2025-03-26-oauth-metadata-backcompat": legacy,
  "auth/2025-03-26-oauth-endpoint-fallback": legacy,
};

/** The suite's authorization servers ask nobody: following their redirects is all that a browser would do. */
async function browse(to: URL): Promise<void> {
  const page = await fetch(to);
  await page.text();
}

// Without what the suite does not give.
const auth = JSON.parse(JSON.stringify(entries[scenario] ?? person));
const sdk =
  process.env["CONFORMANCE_SDK"] === "1.x" ? (await import("@sallyport/auth-core/mcp/sdk-v1")).sdkV1 : undefined;
const client = new MCPClient(
  { mcpServers: { server: { url, auth } } },
  {
    sdk,
    store: memoryStore(),
    interaction: loopbackInteraction({ open: browse, onUrl: () => {}, timeoutMs: 20_000 }),
    timeoutMs: 20_000,
  },
);
let ending = "completed";
try {
  const session = await client.createSession("server");
  await session.listTools();
  await session.callTool("test-tool", {});
} catch (error) {
  console.error(error);
  ending = `failed ${isSallyportError(error) ? error.code : "otherwise"}`;
  process.exitCode = 1;
} finally {
  await client.closeAllSessions();
}
console.log(ending);
