/** One connection: where it stands, who the server takes us for, what it offers, and what was sent. */
import { useMcp } from "@sallyport/client-react";
import type { ReactElement } from "react";
import { AddNumbers, SecretReport, WhoAmI } from "./calls.tsx";
import { Log } from "./log.tsx";
import type { Target } from "./sign-in.tsx";

export function Connection({ target, onLeave }: { target: Target; onLeave: () => void }): ReactElement {
  const { state, error, tools, serverInfo, log, callTool, retry } = useMcp({
    url: target.url,
    authToken: target.token === "" ? undefined : target.token,
    clientName: "Sallyport demo page",
  });
  const offers = (name: string): boolean => tools.some((tool) => tool.name === name);

  return (
    <>
      <section className="card" aria-label="Connection">
        <div className="line">
          <span className={`badge ${state}`} role="status" data-testid="state">
            {state}
          </span>
          <code className="grow">{target.url}</code>
          {state === "failed" && (
            <button type="button" className="primary" onClick={retry}>
              Try again
            </button>
          )}
          <button type="button" onClick={onLeave}>
            Disconnect
          </button>
        </div>
        {error && (
          <p className="failure" role="alert" data-testid="error">
            <code>{error.code}</code> {error.message}
          </p>
        )}
        {state === "ready" && (
          <dl>
            <dt>Server</dt>
            <dd>
              {serverInfo?.name} {serverInfo?.version}
            </dd>
            {offers("whoami") && (
              <>
                <dt>You are</dt>
                <WhoAmI callTool={callTool} />
              </>
            )}
          </dl>
        )}
      </section>

      {state === "ready" && (
        <>
          <section className="card" aria-labelledby="tools-title">
            <h2 id="tools-title">Tools</h2>
            <ul className="tools" aria-labelledby="tools-title">
              {tools.map((tool) => (
                <li key={tool.name}>
                  <code>{tool.name}</code>
                  <span>{tool.description}</span>
                </li>
              ))}
            </ul>
          </section>
          <div className="pair">
            {offers("add") && <AddNumbers callTool={callTool} />}
            {offers("secret_report") && <SecretReport callTool={callTool} />}
          </div>
        </>
      )}
      <Log entries={log} />
    </>
  );
}
