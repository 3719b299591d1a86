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
};

export default config;
