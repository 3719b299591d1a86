import type { UserConfig } from "tsdown";

const config: UserConfig = {
  entry: ["src/index.ts"],
  platform: "neutral",
  fixedExtension: false,
  dts: true,
};

export default config;
