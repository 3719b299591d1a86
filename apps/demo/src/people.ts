/**
 * Who may use the demo. Every start draws new tokens, unless the environment gives them (`DEMO_ALICE_TOKEN`, …),
 * and leaves them in a file that only its owner can read: nothing prints a token.
 */
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BearerAuthProvider, staticTokens, type TokenGrant } from "@sallyport/server";

export interface People {
  /** May do everything, the secret report included. */
  readonly alice: string;
  /** May read, and nothing else. */
  readonly bob: string;
  /** A token that was good once. */
  readonly expired: string;
  /** The secret of `nightly-job`, a program that signs in as itself. */
  readonly job: string;
}

/** The people's tokens: from the environment, or drawn anew. */
export function drawTokens(env: Readonly<Record<string, string | undefined>>): People {
  const token = (name: string): string => env[name] ?? `demo-${randomBytes(24).toString("base64url")}`;
  return {
    alice: token("DEMO_ALICE_TOKEN"),
    bob: token("DEMO_BOB_TOKEN"),
    expired: token("DEMO_EXPIRED_TOKEN"),
    job: token("DEMO_JOB_SECRET"),
  };
}

/** The verifier that every server of the demo shares. */
export function demoProvider(people: People): BearerAuthProvider {
  const anHourAgo = Math.floor(Date.now() / 1000) - 3600;
  return staticTokens(
    {
      [people.alice]: grant("alice", ["tools:read", "reports:read"]),
      [people.bob]: grant("bob", ["tools:read"]),
      [people.expired]: { ...grant("carol", ["tools:read"]), expiresAt: anHourAgo },
    },
    { scopes: ["tools:read"] },
  );
}

function grant(subject: string, scopes: readonly string[]): TokenGrant {
  return { subject, scopes, claims: { email: `${subject}@example.com` } };
}

/** Where the tokens are kept while the demo runs. */
export interface TokenFiles {
  /** All of them as `NAME=value`, for `--env-file` and for people who want to use the page. */
  readonly envFile: string;
  /** Bob's alone, as Docker and Kubernetes mount secrets. */
  readonly bobFile: string;
  /** Alice's private key, for message signatures. */
  readonly aliceKeyFile: string;
  /** What verifies them. */
  readonly alicePublicKey: KeyObject;
}

export async function writeTokenFiles(folder: string, people: People): Promise<TokenFiles> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const files = {
    envFile: join(folder, "tokens.env"),
    bobFile: join(folder, "bob.token"),
    aliceKeyFile: join(folder, "alice.pem"),
  };
  const lines = [`ALICE_TOKEN=${people.alice}`, `BOB_TOKEN=${people.bob}`, `JOB_SECRET=${people.job}`, ""];
  await writeFile(files.envFile, lines.join("\n"), { mode: 0o600 });
  await writeFile(files.bobFile, `${people.bob}\n`, { mode: 0o600 });
  await writeFile(files.aliceKeyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  return { ...files, alicePublicKey: publicKey };
}
