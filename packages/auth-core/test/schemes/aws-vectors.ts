/**
 * Published examples of AWS Signature Version 4: AWS's own test suite (aws-sig-v4-test-suite, and its successor in
 * awslabs/aws-c-auth), the ListUsers example of the IAM user guide, and the examples of the S3 API reference.
 */

export interface AwsVector {
  readonly name: string;
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

/** What the vectors of one origin have in common. */
export interface AwsVectors {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly vectors: readonly AwsVector[];
}

const host = "https://example.amazonaws.com";
const plain = "host;x-amz-date";
const alphabet = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const root = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
const rootPost = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";

function get(name: string, target: string, signature: string): AwsVector {
  return { name, url: host + target, signedHeaders: plain, signature };
}

function withHeader(name: string, method: string, value: string, signature: string): AwsVector {
  return {
    name,
    method,
    url: `${host}/`,
    headers: { "My-Header1": value },
    signedHeaders: "host;my-header1;x-amz-date",
    signature,
  };
}

/**
 * The test suite. A header that it repeats or folds is one line here, since `fetch` sends it as one. Two are not here, as
 * a path with a raw space or beyond ASCII is nothing `fetch` can send: `get-space` and `get-utf8`, see {@link rawPaths}.
 */
export const testSuite: AwsVectors = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  service: "service",
  time: Date.UTC(2015, 7, 30, 12, 36),
  vectors: [
    withHeader(
      "get-header-key-duplicate",
      "GET",
      "value2,value2,value1",
      "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    withHeader(
      "get-header-value-multiline",
      "GET",
      "value1,value2,value3",
      "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
    ),
    withHeader(
      "get-header-value-order",
      "GET",
      "value4,value1,value3,value2",
      "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
    ),
    {
      name: "get-header-value-trim",
      url: `${host}/`,
      headers: { "My-Header1": " value1", "My-Header2": ' "a   b   c"' },
      signedHeaders: "host;my-header1;my-header2;x-amz-date",
      signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    },
    get("get-unreserved", `/${alphabet}`, "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    get("get-vanilla", "/", root),
    get(
      "get-vanilla-empty-query-key",
      "/?Param1=value1",
      "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    ),
    get("get-vanilla-query", "/", root),
    get(
      "get-vanilla-query-order-encoded",
      "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
      "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    ),
    get(
      "get-vanilla-query-order-key",
      "/?Param1=value2&Param1=Value1",
      "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
    ),
    get(
      "get-vanilla-query-order-key-case",
      "/?Param2=value2&Param1=value1",
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    get(
      "get-vanilla-query-order-value",
      "/?Param1=value2&Param1=value1",
      "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
    ),
    get(
      "get-vanilla-query-unreserved",
      `/?${alphabet}=${alphabet}`,
      "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    get("get-vanilla-utf8-query", "/?ሴ=bar", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    { ...get("post-header-key-case", "/", rootPost), method: "POST" },
    withHeader(
      "post-header-key-sort",
      "POST",
      "value1",
      "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    withHeader(
      "post-header-value-case",
      "POST",
      "VALUE1",
      "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ),
    { ...get("post-vanilla", "/", rootPost), method: "POST" },
    {
      ...get(
        "post-vanilla-empty-query-value",
        "/?Param1=value1",
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
      ),
      method: "POST",
    },
    {
      ...get(
        "post-vanilla-query",
        "/?Param1=value1",
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
      ),
      method: "POST",
    },
    {
      name: "post-x-www-form-urlencoded",
      method: "POST",
      url: `${host}/`,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: "Param1=value1",
      signedHeaders: "content-type;host;x-amz-date",
      signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    },
    get("get-relative", "/example/..", root),
    get("get-relative-relative", "/example1/example2/../..", root),
    get("get-slash", "//", root),
    get("get-slash-dot-slash", "/./", root),
    get("get-slash-pointless-dot", "/./example", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
    get("get-slashes", "//example//", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
  ],
};

/** Vectors of the test suite with a session token, which is part of the credentials. */
export const sessionTokens: readonly (AwsVector & { readonly sessionToken: string })[] = [
  {
    name: "get-vanilla-with-session-token",
    url: `${host}/`,
    sessionToken: "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
    signedHeaders: "host;x-amz-date;x-amz-security-token",
    signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
  },
  {
    name: "post-sts-header-before",
    method: "POST",
    url: `${host}/`,
    sessionToken:
      "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==",
    signedHeaders: "host;x-amz-date;x-amz-security-token",
    signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
  },
];

/** Vectors of the test suite whose path is encoded once, for the library alone. */
export const rawPaths: readonly AwsVector[] = [
  get("get-space", "/example space/", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
  get("get-utf8", "/ሴ", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
];

export const iam: AwsVectors = {
  ...testSuite,
  service: "iam",
  vectors: [
    {
      name: "ListUsers",
      url: "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
      headers: { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
      signedHeaders: "content-type;host;x-amz-date",
      signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    },
  ],
};

const bucket = "https://examplebucket.s3.amazonaws.com";
const s3Headers = "host;x-amz-content-sha256;x-amz-date";

export const s3: AwsVectors = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  service: "s3",
  time: Date.UTC(2013, 4, 24),
  vectors: [
    {
      name: "GET Object",
      url: `${bucket}/test.txt`,
      headers: { Range: "bytes=0-9" },
      signedHeaders: "host;range;x-amz-content-sha256;x-amz-date",
      signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
    {
      name: "PUT Object",
      method: "PUT",
      url: `${bucket}/test$file.text`,
      headers: { Date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
      body: "Welcome to Amazon S3.",
      signedHeaders: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
      signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    },
    {
      name: "GET Bucket Lifecycle",
      url: `${bucket}/?lifecycle`,
      signedHeaders: s3Headers,
      signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    },
    {
      name: "GET Bucket (List Objects)",
      url: `${bucket}/?max-keys=2&prefix=J`,
      signedHeaders: s3Headers,
      signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    },
  ],
};
