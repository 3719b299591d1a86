/**
 * Which URLs keys, metadata and verdicts may come from: whoever can change what is sent there can let anybody in (J68-12,
 * I62-01).
 */
import { quoteForeign, SallyportError } from "@sallyport/auth-core/errors";

/**
 * The URL, if it is https or http on this machine, without user name, password and fragment.
 *
 * @param name - of the option or the member of metadata that holds it, for the message.
 * @throws SallyportError (`config_invalid`).
 */
export function secureUrl(input: string | URL, name: string): URL {
  const text = String(input);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url !== undefined && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  const isSecure = url !== undefined && (url.protocol === "https:" || (url.protocol === "http:" && isLocal));
  if (isSecure && url.username === "" && url.password === "" && !text.includes("#")) return url;
  throw new SallyportError(
    "config_invalid",
    `${name}: must be an https URL, or http on this machine, without user name, password and fragment; ${quoteForeign(shown(text))} is not.`,
  );
}

// What stands before an @ may be a password, and what follows a question mark a key.
function shown(text: string): string {
  return text.slice(text.lastIndexOf("@") + 1).replace(/[?#].*$/s, "");
}
