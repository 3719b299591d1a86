/**
 * The values a configuration is made of: secrets, header names and values (RFC 9110), URLs, plain text. Each says what
 * is wrong with a value without showing it.
 */
import * as z from "zod";
import type { SecretInput, SecretSource } from "../secrets/source.ts";
import { spelled } from "./spelling.ts";

type Complaint = (text: string) => string;

/** Text that matches `pattern`; `complaint` says why it does not. */
export function text(pattern: RegExp, complaint: string | Complaint): z.ZodString {
  return z.string().regex(pattern, {
    abort: true,
    error: ({ input }) => {
      if (input === "") return "is empty";
      return typeof complaint === "string" ? complaint : complaint(String(input));
    },
  });
}

/** Text of one line, not empty. */
export function plainText(): z.ZodString {
  return text(/^[^\p{Cc}]+$/u, "has a line break or control character; remove it");
}

/** What an operating system takes as an argument, a variable or a path: anything without a null character. */
export function systemText(): z.ZodString {
  return z.string().regex(/^[^\0]*$/u, { error: "has a null character; remove it" });
}

/** A {@link systemText} that is not empty. */
export function systemName(): z.ZodString {
  return text(/^[^\0]+$/u, "has a null character; remove it");
}

/** The name of a header: a token, RFC 9110 §5.6.2. Cookies have names of the same form (RFC 6265). */
export function headerName(): z.ZodString {
  return text(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "is not a header name: letters, digits and dashes, as in X-API-Key");
}

/** The value of a header: visible ASCII, with spaces and tabs between. `fetch` would throw on some of what is refused here. */
export function headerValue(): z.ZodString {
  return text(/^[!-~](?:[\t -~]*[!-~])?$/, (value) => {
    if (/[\r\n\0]/.test(value)) return "has a line break or null character, which no header may carry; remove it";
    if (/^[\t ]|[\t ]$/.test(value)) return "begins or ends with a space; is a part of it empty?";
    return "has characters other than visible ASCII, which headers do not carry; encode them";
  });
}

/** A bearer token: visible ASCII without spaces. Looser than RFC 6750 §2.1, as tokens in the wild are. */
export function bearerToken(): z.ZodString {
  return text(/^[!-~]+$/, (value) => {
    if (/^bearer\s/i.test(value)) return "begins with the word Bearer; leave it out, it is added";
    if (/\s/.test(value)) return "has a space or line break in it; a token has none";
    return "has characters other than visible ASCII; a token has none";
  });
}

// In a registry of its own: what is in zod's global one ends up in the JSON Schema.
const secrets = /* @__PURE__ */ z.registry<{ readonly secret: true }>();

/** Mark what must not be shown. The mark stays with what is derived from the schema, such as its described form. */
export function asSecret<Schema extends z.ZodType>(schema: Schema): Schema {
  secrets.add(schema, { secret: true });
  return schema;
}

/** Whether a schema was marked with {@link asSecret}. */
export function isSecret(schema: z.core.$ZodType): boolean {
  return secrets.get(schema)?.secret === true;
}

/** A secret as text, as a source to read it from, or in code as a function that gives it. */
export function secret(inline: z.ZodType<string, string>): z.ZodType<SecretInput> {
  const given = codeOnly<() => string | Promise<string>>((value) => typeof value === "function");
  return asSecret(
    z.union([inline, secretSource(), given], {
      error: ({ input }) =>
        typeof input === "number" || typeof input === "boolean"
          ? "must be text: put it in quotes"
          : 'must be text, or where to read it: { "env": "NAME" }, { "file": "path" } or { "command": ["program"] }',
    }),
  );
}

let source: z.ZodType<SecretSource> | undefined;

/** Where to read a secret. Exactly one of the three kinds. */
export function secretSource(): z.ZodType<SecretSource> {
  // One for all, so that the JSON Schema defines it once.
  source ??= newSecretSource();
  return source;
}

function newSecretSource(): z.ZodType<SecretSource> {
  const source = spelled({
    env: text(/^[^\s=$\p{Cc}]+$/u, "is not the name of a variable; write it without $ and braces")
      .describe("Name of the environment variable that holds the secret.")
      .exactOptional(),
    file: systemName().describe("File that holds the secret, as Docker and Kubernetes mount them.").exactOptional(),
    command: z
      .tuple([systemName()], systemText(), { error: "is empty; name a program" })
      .describe("Program and arguments that print the secret. Run without a shell.")
      .exactOptional(),
  })
    .refine((value) => Object.keys(value).length === 1, {
      error: "must have exactly one of env, file and command",
    })
    .meta({ id: "secretSource", description: "Where to read the secret.", minProperties: 1, maxProperties: 1 });
  // The check above is what makes the three optional keys a choice of one.
  return asSecret(source as unknown as z.ZodType<SecretSource>);
}

/** A key as PEM or JWK text, a JWK as an object, or a source. */
export function signingKey(): z.ZodType<SecretInput> {
  const jwk = z
    .looseObject({ kty: z.string().describe("Key type (RFC 7517).") })
    .describe("A JSON Web Key.")
    .transform((value) => JSON.stringify(value));
  return asSecret(
    z.union([secret(systemName()), jwk], {
      error: 'must be PEM text, a JWK, or where to read one: { "env": "NAME" } or { "file": "path" }',
    }),
  );
}

/** Headers by name. */
export function headerMap(): z.ZodType<Record<string, SecretInput>> {
  return z.record(headerName(), secret(headerValue()));
}

/** A value that code may pass and JSON cannot hold. Absent from the JSON Schema. */
export function codeOnly<T>(is: (value: unknown) => boolean): z.ZodType<T> {
  return z.custom<T>(is, { params: { mismatch: true } });
}

/** An absolute http or https URL without credentials or fragment, kept as written. */
export function webUrl(): z.ZodType<string, string> {
  return text(/^[hH][tT][tT][pP][sS]?:\/\/[^\s\p{Cc}\\/?#@]+(?:[/?][^\s\p{Cc}\\#]*)?$/u, whyNotUrl).refine(
    URL.canParse,
    {
      error: "is not a valid URL",
    },
  );
}

/** An https URL, or http for the machine itself (SSR-02, RED-01). */
export function secureUrl(): z.ZodType<string, string> {
  return webUrl().check(
    z.refine((value) => !URL.canParse(value) || isSecure(new URL(value)), {
      error: "must begin with https:// (http:// is for 127.0.0.1, [::1] and localhost)",
    }),
  );
}

/** An absolute URI without fragment, kept as written: some authorization servers name resources `api://…` (RFC 8707 §2). */
export function absoluteUri(): z.ZodType<string, string> {
  return text(
    /^[A-Za-z][A-Za-z0-9+.-]*:(?!\/\/[^/?#]*@)[^\s\p{Cc}\\#]+$/u,
    "is not an absolute URI without user name and fragment, such as https://api.example.com/mcp",
  );
}

function isSecure(url: URL): boolean {
  return url.protocol === "https:" || /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
}

function whyNotUrl(value: string): string {
  if (/[\s\p{Cc}]/u.test(value)) return "has a space, line break or control character; remove it";
  if (!/^https?:\/\//i.test(value)) return "must be an absolute URL that begins with https:// or http://";
  if (/^[^/]*\/\/[^/?#\\]*@/.test(value))
    return "has a user name or password in it; move them to auth, a URL ends up in logs";
  if (value.includes("#")) return "has a fragment (#…), which is never sent; remove it";
  if (value.includes("\\")) return "has a backslash; write /";
  return "is not a valid URL";
}
