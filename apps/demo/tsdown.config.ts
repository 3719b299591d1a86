import type { UserConfig } from "tsdown";

const config: UserConfig = {
  entry: ["src/main.ts", "src/person.ts", "src/servers/stdio.ts"],
  platform: "node",
  fixedExtension: false,
  unbundle: true,
};

export default config;
