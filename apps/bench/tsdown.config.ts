import type { UserConfig } from "tsdown";

const config: UserConfig = {
  entry: ["src/main.ts"],
  platform: "node",
  fixedExtension: false,
};

export default config;
