/**
 * The fields of a signed request: `Signature-Input` and `Signature` (RFC 9421 §4), `Content-Digest` (RFC 9530 §2),
 * all of them dictionaries of RFC 9651.
 */
import { type Component, checkComponent, componentId } from "@sallyport/auth-core/signatures";
import { type InnerList, type Item, isInnerList, parseDictionary, serializeInnerList } from "structured-headers";

/** One signature of a request, as its fields describe it. */
export interface RequestSignature {
  readonly label: string;
  readonly components: readonly Component[];
  readonly created: number | undefined;
  readonly expires: number | undefined;
  readonly keyId: string | undefined;
  readonly algorithm: string | undefined;
  readonly tag: string | undefined;
  /** The value of `@signature-params`. */
  readonly params: string;
  readonly signature: ArrayBuffer;
}

// Every signature costs a look-up and a verification, every byte some of the parser's time.
const maxFieldLength = 8192;
const maxSignatures = 8;

/** The signatures of a request; a sentence when its fields cannot be read. */
export function readSignatures(headers: Headers): RequestSignature[] | { readonly problem: string } {
  const inputs = readDictionary(headers.get("signature-input"));
  const signatures = readDictionary(headers.get("signature"));
  if (inputs === undefined || signatures === undefined) {
    return { problem: "Signature-Input or Signature is not a dictionary, or too long" };
  }
  if (inputs.size > maxSignatures) return { problem: `more than ${maxSignatures} signatures` };
  const read: RequestSignature[] = [];
  for (const [label, input] of inputs) {
    const signature = readSignature(label, input, signatures.get(label));
    if ("problem" in signature) return signature;
    read.push(signature);
  }
  return read;
}

/** The digests of a body by algorithm; `undefined` when the field is not there or cannot be read. */
export function readDigests(headers: Headers): ReadonlyMap<string, ArrayBuffer> | undefined {
  const digests = [...(readDictionary(headers.get("content-digest")) ?? [])].map(([name, [value]]) => [name, value]);
  const read = digests.filter((entry): entry is [string, ArrayBuffer] => entry[1] instanceof ArrayBuffer);
  return read.length === digests.length && read.length > 0 ? new Map(read) : undefined;
}

function readDictionary(field: string | null): Map<string, Item | InnerList> | undefined {
  if (field === null) return new Map();
  if (field.length > maxFieldLength) return undefined;
  try {
    return parseDictionary(field);
  } catch {
    return undefined;
  }
}

function readSignature(
  label: string,
  input: Item | InnerList,
  signature: Item | InnerList | undefined,
): RequestSignature | { readonly problem: string } {
  if (!isInnerList(input)) return { problem: "a member of Signature-Input is no list of components" };
  if (signature === undefined) return { problem: "Signature lacks a label of Signature-Input" };
  const [bytes] = signature;
  if (!(bytes instanceof ArrayBuffer)) return { problem: "a member of Signature is no byte sequence" };
  const components = readComponents(input);
  if ("problem" in components) return components;
  const [, parameters] = input;
  const text = (name: string): string | undefined => {
    const value = parameters.get(name);
    if (value === undefined || typeof value === "string") return value;
    throw new TypeError(name);
  };
  const time = (name: string): number | undefined => {
    const value = parameters.get(name);
    if (value === undefined || (typeof value === "number" && Number.isInteger(value))) return value;
    throw new TypeError(name);
  };
  try {
    return {
      label,
      components,
      created: time("created"),
      expires: time("expires"),
      keyId: text("keyid"),
      algorithm: text("alg"),
      tag: text("tag"),
      params: serializeInnerList(input),
      signature: bytes,
    };
  } catch {
    return { problem: "a parameter of a signature has the wrong type" };
  }
}

function readComponents([items]: InnerList): Component[] | { readonly problem: string } {
  const components: Component[] = [];
  for (const [name, parameters] of items) {
    const parameter = parameters.get("name");
    const plain = parameters.size === (parameter === undefined ? 0 : 1);
    if (typeof name !== "string" || !plain || (parameter !== undefined && typeof parameter !== "string")) {
      return { problem: "a signed component has parameters that are not supported" };
    }
    const component = checkComponent(name, parameter);
    if ("problem" in component) return { problem: "a signed component is unknown" };
    components.push(component);
  }
  if (new Set(components.map(componentId)).size < components.length) {
    return { problem: "a component is signed twice" };
  }
  return components;
}
