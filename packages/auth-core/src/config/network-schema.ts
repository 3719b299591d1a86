/**
 * How a server is reached: the certificates of mutual TLS (RFC 8446 §4.4.2) and the proxy between. Nothing here turns
 * the check of a server's certificate off, and nothing will.
 */
import * as z from "zod";
import type { SecretInput } from "../secrets/source.ts";
import { asSecret, plainText, secret, systemName, text } from "./fields.ts";
import { spelled } from "./spelling.ts";
import type { ProxyConfig, TlsConfig } from "./types.ts";

const unchecked = ": the certificate of a server is always checked; put the CA that issued it in ca";

/** The certificates of one server. */
export function tlsSchema(): z.ZodType<TlsConfig> {
  return spelled(
    {
      cert: pem()
        .describe("Client certificate, then any intermediate ones: path of a PEM file, or PEM text.")
        .exactOptional(),
      key: pem().describe("Private key of the client certificate: path of a PEM file, or PEM text.").exactOptional(),
      ca: pem()
        .describe("The CAs that the server's certificate may come from, in place of the public ones: path or PEM text.")
        .exactOptional(),
      passphrase: secret(systemName()).describe("Passphrase of the private key.").exactOptional(),
      servername: text(
        /^(?!\d+(?:\.\d+){3}$)[\w-]+(?:\.[\w-]+)*$/,
        "is not a host name: letters, digits, dashes and dots, as in mcp.example.com",
      )
        .describe("The name that the server's certificate must have. Default: the host of the URL.")
        .exactOptional(),
    },
    {
      rejectUnauthorized: unchecked,
      insecure: unchecked,
      insecureSkipVerify: unchecked,
      verify: unchecked,
      certFile: "; did you mean cert?",
      keyFile: "; did you mean key?",
      caFile: "; did you mean ca?",
      pfx: ": convert it to PEM files and name them in cert and key",
    },
  ).superRefine((tls, context) => {
    const needs = (key: "cert" | "key", message: string): void => {
      if (tls[key] === undefined) context.addIssue({ code: "custom", path: [key], message });
    };
    const both = "; a file that holds both is named twice";
    if (tls.key !== undefined) needs("cert", `is missing: the key is of no use without its certificate${both}`);
    if (tls.cert !== undefined) needs("key", `is missing: the certificate is of no use without its key${both}`);
    else if (tls.passphrase !== undefined) needs("key", "is missing: there is a passphrase for it");
    if (Object.keys(tls).length === 0)
      context.addIssue({ code: "custom", message: "is empty; name cert and key, or ca" });
  });
}

/** The proxy that leads to one server. */
export function proxySchema(): z.ZodType<ProxyConfig | false> {
  const detailed = spelled({
    url: proxyUrl().describe("Address of the proxy."),
    username: text(/^[^:\p{Cc}]+$/u, "has a colon or control character, which Basic authentication cannot carry")
      .describe("User name at the proxy.")
      .exactOptional(),
    password: secret(plainText()).describe("Password at the proxy.").exactOptional(),
  }).superRefine(({ username, password }, context) => {
    if (password === undefined || username !== undefined) return;
    context.addIssue({ code: "custom", path: ["username"], message: "is missing: there is a password for it" });
  });
  const address = proxyUrl()
    .describe("Address of a proxy that asks for no password.")
    .transform((url) => ({ url }));
  return z.union([address, detailed, z.literal(false).describe("No proxy, whatever the environment variables say.")], {
    error: 'must be the URL of a proxy, { "url", "username", "password" }, or false for none',
  });
}

/** PEM text, or where it is. Text without a PEM header is the path of a file. */
function pem(): z.ZodType<SecretInput> {
  const input = secret(systemName()).transform((input) =>
    typeof input === "string" && !input.includes("-----BEGIN ") ? { file: input } : input,
  );
  return asSecret(input);
}

function proxyUrl(): z.ZodType<string, string> {
  return text(/^[hH][tT][tT][pP][sS]?:\/\/[^\s\p{Cc}\\/?#@]+\/?$/u, whyNotProxy).refine(URL.canParse, {
    error: "is not a valid URL",
  });
}

function whyNotProxy(value: string): string {
  if (/^socks/i.test(value)) return "is a SOCKS proxy; only http:// and https:// proxies are supported";
  if (!/^https?:\/\//i.test(value)) return "must begin with http:// or https://";
  if (value.includes("@")) {
    return 'has a user name or password in it; write { "url": …, "username": …, "password": … }';
  }
  return "must be a host and a port and nothing else, as in http://proxy.example.com:3128";
}
