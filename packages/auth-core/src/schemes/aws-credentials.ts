/**
 * AWS credentials from where callers keep them: the options, the AWS environment variables, or a provider function.
 */
import { isSallyportError, SallyportError } from "../errors.ts";
import { type Reading, Secret } from "../secrets/secret.ts";
import type { SecretInput, SecretReader } from "../secrets/source.ts";

/** Credentials of AWS, in the shape that the credential providers of the AWS SDK give. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Comes with temporary credentials. */
  readonly sessionToken?: string | undefined;
}

/** Where the credentials of {@link AwsCredentialSource} are kept. */
export interface AwsCredentialOptions {
  /** Default: the environment variable `AWS_ACCESS_KEY_ID`. */
  readonly accessKeyId?: SecretInput | undefined;
  /** Default: the environment variable `AWS_SECRET_ACCESS_KEY`. */
  readonly secretAccessKey?: SecretInput | undefined;
  /** Token of temporary credentials. Default: the environment variable `AWS_SESSION_TOKEN`, if the keys come from there too. */
  readonly sessionToken?: SecretInput | undefined;
  /** Instead of the three: a function that is asked before each request, such as a provider of the AWS SDK. */
  readonly credentials?: (() => AwsCredentials | Promise<AwsCredentials>) | undefined;
  /** Reads the environment variables, and secrets that are kept in a file or a command's output. */
  readonly secrets?: SecretReader | undefined;
}

/** The secrets that credentials are made of, to be read together. */
export interface AwsCredentialSource {
  readonly secrets: readonly Secret[];
  /** The credentials in readings of the secrets. */
  from(readings: readonly Reading[]): AwsCredentials;
}

/**
 * @throws SallyportError `config_invalid` when one key is given without the other; `credential_source_failed` when a text
 * cannot be what it should be.
 */
export function awsCredentials(options: AwsCredentialOptions): AwsCredentialSource {
  const { accessKeyId, secretAccessKey, sessionToken, credentials, secrets } = options;
  const own = accessKeyId !== undefined || secretAccessKey !== undefined || sessionToken !== undefined;
  if (credentials !== undefined) {
    if (own) throw invalid("`credentials` is given beside keys: keep one of them");
    return provided(credentials);
  }
  if (own && (accessKeyId === undefined || secretAccessKey === undefined)) {
    throw invalid(
      `${accessKeyId === undefined ? "`accessKeyId`" : "`secretAccessKey`"} is missing: the keys come together`,
    );
  }
  const env = { env: "AWS_SESSION_TOKEN" };
  const token = own
    ? new Secret(sessionToken ?? "", secrets, sessionToken === undefined ? undefined : writer(problems.sessionToken))
    : new Secret(env, optional(secrets), (text) => (text === "" ? text : writer(problems.sessionToken)(text)));
  return {
    secrets: [
      new Secret(accessKeyId ?? { env: "AWS_ACCESS_KEY_ID" }, secrets, writer(problems.accessKeyId)),
      new Secret(secretAccessKey ?? { env: "AWS_SECRET_ACCESS_KEY" }, secrets, writer(problems.secretAccessKey)),
      token,
    ],
    from: ([id, secret, session]) =>
      complete({
        accessKeyId: id?.reveal() ?? "",
        secretAccessKey: secret?.reveal() ?? "",
        sessionToken: session?.reveal(),
      }),
  };
}

/** A provider is one secret, so that its three parts are never of different credentials. */
function provided(ask: () => AwsCredentials | Promise<AwsCredentials>): AwsCredentialSource {
  const read = async (): Promise<string> => {
    const { accessKeyId, secretAccessKey, sessionToken } = await ask();
    return JSON.stringify({ accessKeyId, secretAccessKey, sessionToken });
  };
  const secret = new Secret(read, undefined, (text) => {
    const given: Readonly<Record<string, unknown>> = JSON.parse(text);
    for (const [field, problemOf] of Object.entries(problems)) {
      const value = given[field] ?? (field === "sessionToken" ? undefined : "");
      if (value === undefined || value === "") continue;
      const problem = typeof value === "string" ? problemOf(value) : "is not a string";
      if (problem !== undefined) return { problem: `gave a ${field} that ${problem}` };
    }
    if (!given["accessKeyId"] || !given["secretAccessKey"]) return { problem: "gave no access key" };
    return text;
  });
  return { secrets: [secret], from: ([reading]) => complete(JSON.parse(reading?.reveal() ?? "{}")) };
}

/** Reads what may be absent: a variable that is not set is the empty text. */
function optional(reader: SecretReader | undefined): SecretReader | undefined {
  return (
    reader && {
      async read(source) {
        try {
          return await reader.read(source);
        } catch (error) {
          if (isSallyportError(error) && error.code === "credential_source_failed") return "";
          throw error;
        }
      },
    }
  );
}

function complete(credentials: AwsCredentials): AwsCredentials {
  // AWS answers with "the security token is invalid", which sounds as if there were one.
  if (credentials.accessKeyId.startsWith("ASIA") && !credentials.sessionToken) {
    throw new SallyportError(
      "credential_source_failed",
      "The AWS access key is a temporary one, as its ASIA says, and needs its session token: set `sessionToken` or the environment variable AWS_SESSION_TOKEN.",
    );
  }
  return credentials;
}

const problems: Readonly<
  Record<"accessKeyId" | "secretAccessKey" | "sessionToken", (text: string) => string | undefined>
> = {
  accessKeyId(text) {
    if (/^[\w.-]+$/.test(text)) return undefined;
    if (/^[\w+/=]+$/.test(text))
      return "is not an access key ID but looks like a secret access key: are the two swapped?";
    return "is not an access key ID: letters and digits, as in AKIDEXAMPLE";
  },
  secretAccessKey: (text) =>
    /^[!-~]+$/.test(text)
      ? undefined
      : "is not a secret access key: it is empty, or has white space or characters beyond ASCII",
  sessionToken: (text) =>
    /^[!-~]+$/.test(text)
      ? undefined
      : "is not a session token: it is empty, or has white space or characters beyond ASCII",
};

function writer(problemOf: (text: string) => string | undefined): (text: string) => string | { problem: string } {
  return (text) => {
    const problem = problemOf(text);
    return problem === undefined ? text : { problem };
  };
}

function invalid(problem: string): SallyportError<"config_invalid"> {
  return new SallyportError("config_invalid", `AWS requests cannot be signed like this: ${problem}.`);
}
