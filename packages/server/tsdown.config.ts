import type { UserConfig } from "tsdown";

const config: UserConfig = {
  entry: ["src/index.ts"],
  platform: "node",
  fixedExtension: false,
  dts: true,
};

export default config;
