import type { UserConfig } from "tsdown";

const config: UserConfig = {
  entry: ["src/main.ts", "src/client.ts"],
  platform: "node",
  fixedExtension: false,
};

export default config;
