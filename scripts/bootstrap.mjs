/**
 * What `npm test` and `npm run demo` start. Checks the version of Node before anything that an old one cannot read,
 * so this file has no imports and no syntax newer than ES2020.
 */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const [command, ...args] = process.argv.slice(2);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Sallyport needs Node 20.19 or newer; this is Node ${process.versions.node} (${process.execPath}).\n` +
      "Install a newer one from https://nodejs.org, or run `nvm install 22`, then try again.",
  );
  if (command === "test") console.log("0 passed, 1 failed");
  process.exit(1);
}

if (command === "test") {
  import("./test.mjs").then(({ test }) => test(args));
} else if (command === "demo") {
  import("./demo.mjs").then(({ demo }) => demo(args));
} else {
  console.error("Usage: npm test, or npm run demo [-- --once]");
  process.exit(2);
}
