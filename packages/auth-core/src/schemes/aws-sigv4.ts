/**
 * AWS Signature Version 4 in the Authorization header, signed by aws4fetch, which is loaded with the first request.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { SallyportError } from "../errors.ts";
import { toHex } from "../http/bytes.ts";
import { type Reading, Secret } from "../secrets/secret.ts";
import type { Auth } from "./auth.ts";
import { type AwsCredentialOptions, type AwsCredentialSource, awsCredentials } from "./aws-credentials.ts";
import { setHeader } from "./header.ts";
import { sendSigned } from "./send-signed.ts";
import { SigningClock } from "./signing-clock.ts";

/** Options of {@link AwsSigV4Auth}. */
export interface AwsSigV4Options extends AwsCredentialOptions {
  /** The service's name in signatures, such as `execute-api`, `lambda` or `bedrock-agentcore`. */
  readonly service: string;
  /** Such as `us-east-1`. Default: the environment variable `AWS_REGION`. */
  readonly region?: string | undefined;
  /** The time in milliseconds since 1970. Default: the machine's clock. */
  readonly now?: (() => number) | undefined;
}

/**
 * Signs every request for AWS: method, URL, body and all headers but those that hops on the way change.
 *
 * Without `accessKeyId` and `secretAccessKey` the AWS environment variables are read. After a 401 or 403 the credentials
 * are read again, and if they have changed (the old ones have expired) the request is signed once more. So it is when the
 * `Date` of the refusal is more than 30 seconds away, at the server's time, which is kept if that is accepted.
 *
 * A request that has an `X-Amz-Content-Sha256` is signed with what it says: `UNSIGNED-PAYLOAD` leaves the body out, as
 * VPC Lattice wants it, and spares reading a stream into memory.
 *
 * @example
 * ```ts
 * import { AwsSigV4Auth, createAuthFetch, type SecretReader } from "@sallyport/auth-core";
 *
 * declare const secrets: SecretReader;
 *
 * const fetch = createAuthFetch(new AwsSigV4Auth({ region: "us-east-1", service: "execute-api", secrets }));
 * ```
 */
export class AwsSigV4Auth implements Auth {
  readonly #service: string;
  readonly #region: Secret;
  readonly #credentials: AwsCredentialSource;
  readonly #clock: SigningClock;
  /** Signing keys, which are good for a day, by the reading they were made from. */
  readonly #keys: WeakMap<Reading, Map<string, ArrayBuffer>> = new WeakMap();

  /**
   * @throws SallyportError `config_invalid` when the service is no name or one key is given without the other;
   * `credential_source_failed` when a text cannot be what it should be. The flow throws `credential_source_failed` when
   * credentials cannot be read, and `unauthorized` when a refusal shows that the clocks are more than a day apart.
   */
  constructor(options: AwsSigV4Options) {
    const { service, region, secrets, now } = options;
    if (!isName(service)) {
      throw new SallyportError(
        "config_invalid",
        "The service of AWS requests must be its name in signatures, such as execute-api: lower-case letters, digits and dashes.",
      );
    }
    if (region !== undefined && !isName(region)) {
      throw new SallyportError("config_invalid", "The region of AWS requests must be its name, such as us-east-1.");
    }
    this.#service = service;
    this.#region = new Secret(region ?? { env: "AWS_REGION" }, secrets, (text) =>
      isName(text) ? text : { problem: "is not an AWS region: lower-case letters, digits and dashes, as in us-east-1" },
    );
    this.#credentials = awsCredentials(options);
    this.#clock = new SigningClock(now);
  }

  async *authFlow(request: Request): AsyncGenerator<Request, void, Response> {
    // The driver sends the body itself: this reads the copy that belongs to the flow.
    const body = request.headers.has(payloadHeader) ? undefined : await request.arrayBuffer();
    if (this.#service === "s3" && body !== undefined) {
      setHeader(request, payloadHeader, toHex(await crypto.subtle.digest("SHA-256", body)));
    }
    const unsigned = { headers: signable(request.headers), body, region: (await this.#region.get()).reveal() };
    const sign = async (readings: readonly Reading[], seconds: number): Promise<void> => {
      const signed = await this.#sign(request, unsigned, readings, seconds);
      for (const name of ["X-Amz-Date", "X-Amz-Security-Token", "Authorization"]) {
        const value = signed.get(name);
        // New credentials may have no session token, and then that of the old ones is not sent either.
        if (value === null) request.headers.delete(name);
        else setHeader(request, name, value);
      }
    };
    yield* sendSigned(request, this.#credentials.secrets, this.#clock, sign, [401, 403]);
  }

  async #sign(
    { method, url }: Request,
    { headers, body, region }: Unsigned,
    readings: readonly Reading[],
    seconds: number,
  ): Promise<Headers> {
    const { accessKeyId, secretAccessKey, sessionToken } = this.#credentials.from(readings);
    const { AwsV4Signer } = await import("aws4fetch");
    const signer = new AwsV4Signer({
      method,
      url,
      headers,
      allHeaders: true,
      ...(body === undefined ? {} : { body }),
      accessKeyId,
      secretAccessKey,
      ...(sessionToken ? { sessionToken } : {}),
      service: this.#service,
      region,
      cache: this.#keysOf(readings),
      datetime: new Date(seconds * 1000).toISOString().replace(/[:-]|\.\d+/g, ""),
    });
    return (await signer.sign()).headers;
  }

  #keysOf(readings: readonly Reading[]): Map<string, ArrayBuffer> {
    const owner = readings[1] ?? readings[0];
    if (owner === undefined) return new Map();
    const known = this.#keys.get(owner) ?? new Map<string, ArrayBuffer>();
    // Yesterday's.
    if (known.size > 1) known.clear();
    this.#keys.set(owner, known);
    return known;
  }
}

const payloadHeader = "X-Amz-Content-Sha256";

/** What every signature of one request has in common. */
interface Unsigned {
  readonly headers: Headers;
  /** `undefined` when its hash is in a header. */
  readonly body: ArrayBuffer | undefined;
  readonly region: string;
}

/** Headers that are left out of the signature, since proxies, load balancers and runtimes write them anew. */
const changing: ReadonlySet<string> = new Set([
  "accept-encoding",
  "authorization",
  "cache-control",
  "connection",
  "content-length",
  "expect",
  "forwarded",
  "keep-alive",
  "max-forwards",
  "pragma",
  "referer",
  "te",
  "traceparent",
  "tracestate",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
  "via",
  "x-amzn-trace-id",
]);

function signable(headers: Headers): Headers {
  return new Headers([...headers].filter(([name]) => !changing.has(name) && !/^(?:proxy|sec|x-forwarded)-/.test(name)));
}

function isName(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]*$/.test(text);
}
