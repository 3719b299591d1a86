import type { CredentialStore } from "@sallyport/auth-core";
import type { LeaseOptions } from "./lease.ts";
import { credentialFolder } from "./location.ts";

/** How long others are waited for. */
export interface FileStoreOptions extends LeaseOptions {}

export function fileStore(folder?: string, options: FileStoreOptions = {}): CredentialStore {
  throw new Error(`not yet: ${credentialFolder(folder)} ${options.leaseMs}`);
}
