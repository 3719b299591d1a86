export type { Environment, EnvironmentOptions } from "./environment.ts";
export { type NodeSecretsOptions, nodeSecrets } from "./secrets/node-secrets.ts";
