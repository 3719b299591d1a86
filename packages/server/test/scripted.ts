import type { Handler, ScriptedAnswer } from "@sallyport/testkit";

/** An answer of the testkit's scripts, for a plain server. */
export function scripted(answer: ScriptedAnswer): Handler {
  const usual = () => Promise.reject(new Error("There is no usual answer."));
  return (request, response, incoming) => answer({ request, response, incoming, params: {}, usual });
}
