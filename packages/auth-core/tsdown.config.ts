import type { UserConfig } from "tsdown";

const config: UserConfig = {
  entry: [
    "src/index.ts",
    "src/errors.ts",
    "src/redactor.ts",
    "src/signatures.ts",
    "src/mcp/index.ts",
    "src/mcp/sdk-v1.ts",
    "src/mcp/sdk-v2.ts",
  ],
  platform: "neutral",
  fixedExtension: false,
  dts: true,
  outputOptions: {
    // A name of its own for what is loaded with the first sign-in: size-limit weighs it apart.
    chunkFileNames: ({ name }) => `${name === "engine" ? "oauth-engine" : "[name]"}-[hash].js`,
  },
};

export default config;
