/** Builds the page into `dist/page`, from where the demo serves it. */
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin, type UserConfig } from "vite";

/** What the built page may do: run its own scripts, and talk to any server (MCP security best practices, URL-05). */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src *; base-uri 'none'";

const contentSecurityPolicy: Plugin = {
  name: "content-security-policy",
  // The development server injects an inline script, which the policy would refuse.
  apply: "build",
  transformIndexHtml: () => [
    { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: policy }, injectTo: "head-prepend" },
  ],
};

const config: UserConfig = defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [react(), contentSecurityPolicy],
  build: { outDir: "../dist/page", emptyOutDir: true, target: "es2023", assetsInlineLimit: 0 },
});

export default config;
