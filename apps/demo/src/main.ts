/**
 * The demo: starts the servers and the page, walks every way of calling them, and stays up until Ctrl-C.
 * With `--once` it ends after the walk: 0 when every step did what it should, 1 otherwise. Stopped in the middle of the
 * walk it ends with 130, as what Ctrl-C ends.
 */
import { start } from "./surroundings.ts";
import { walk } from "./walk/walk.ts";

const once = process.argv.includes("--once");
const surroundings = await start(process.env);
let stopping = false;
const stopped = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      stopping = true;
      resolve();
    });
  }
});
// What is left of a walk that was stopped finds nobody who answers: that is nothing to report.
const print = (line: string): void => {
  if (!stopping) console.log(line);
};

try {
  const failures = await Promise.race([walk(surroundings, print), stopped]);
  if (failures === undefined) process.exitCode = 130;
  else if (failures > 0) process.exitCode = 1;
  if (failures !== undefined && !once) {
    console.log(`\nThe page is at ${surroundings.urls.page}`);
    console.log(`The tokens to connect with are in ${surroundings.tokens.envFile}`);
    console.log("To sign in to a server from a terminal, by any name and with the password that the page shows:");
    console.log(`  pnpm --filter @sallyport/demo exec sallyport client connect ${surroundings.urls.oauth} --name demo`);
    console.log("Ctrl-C stops the demo.");
    await stopped;
  }
} finally {
  await surroundings.close();
}
if (process.exitCode === 130) process.exit();
