/** Calls of the demo server's tools, and what came of them. */
import { isSallyportError, type UseMcpResult } from "@sallyport/client-react";
import { type FormEvent, type ReactElement, useEffect, useState } from "react";

type CallTool = UseMcpResult["callTool"];

/** A call under way, its answer, or why there is none. */
type Outcome =
  | { readonly kind: "calling" }
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "failure"; readonly code: string; readonly message: string };

/** Whom the token names, as the server sees it. A `dd` of the connection's list. */
export function WhoAmI({ callTool }: { callTool: CallTool }): ReactElement {
  const [outcome, setOutcome] = useState<Outcome>({ kind: "calling" });
  useEffect(() => {
    let shown = true;
    call(callTool, "whoami").then((result) => shown && setOutcome(result));
    return () => {
      shown = false;
    };
  }, [callTool]);
  if (outcome.kind === "calling") return <dd>…</dd>;
  if (outcome.kind === "failure") return <dd className="failure">{outcome.message}</dd>;
  return <dd data-testid="whoami">{outcome.text}</dd>;
}

export function AddNumbers({ callTool }: { callTool: CallTool }): ReactElement {
  const [outcome, setOutcome] = useState<Outcome>();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setOutcome({ kind: "calling" });
    call(callTool, "add", { a: Number(fields.get("a")), b: Number(fields.get("b")) }).then(setOutcome);
  };
  return (
    <form className="card" onSubmit={submit} aria-label="Add two numbers">
      <h2>Add</h2>
      <div className="line">
        <label className="grow">
          First number
          <input type="number" name="a" step="any" required defaultValue="19" />
        </label>
        <label className="grow">
          Second number
          <input type="number" name="b" step="any" required defaultValue="23" />
        </label>
      </div>
      <button type="submit">Add</button>
      <Result of="add" outcome={outcome} />
    </form>
  );
}

export function SecretReport({ callTool }: { callTool: CallTool }): ReactElement {
  const [outcome, setOutcome] = useState<Outcome>();
  const read = (): void => {
    setOutcome({ kind: "calling" });
    call(callTool, "secret_report").then(setOutcome);
  };
  return (
    <section className="card" aria-label="Secret report">
      <h2>Secret report</h2>
      <p>
        Needs the scope <code>reports:read</code>: alice has it, bob does not.
      </p>
      <button type="button" onClick={read}>
        Read the report
      </button>
      <Result of="secret_report" outcome={outcome} />
    </section>
  );
}

function Result({ of: tool, outcome }: { of: string; outcome: Outcome | undefined }): ReactElement {
  if (outcome?.kind === "failure") {
    return (
      <p className="failure" role="alert" data-testid={`${tool}-error`}>
        <code>{outcome.code}</code> {outcome.message}
      </p>
    );
  }
  return (
    <output data-testid={`${tool}-result`}>
      {outcome === undefined ? "" : outcome.kind === "calling" ? "…" : outcome.text}
    </output>
  );
}

async function call(callTool: CallTool, name: string, args?: Record<string, unknown>): Promise<Outcome> {
  try {
    const { content, isError } = await callTool(name, args);
    const text = content.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join("\n");
    return isError === true ? { kind: "failure", code: "tool", message: text } : { kind: "answer", text };
  } catch (error) {
    const code = isSallyportError(error) ? error.code : "error";
    return { kind: "failure", code, message: error instanceof Error ? error.message : String(error) };
  }
}
