/** Asks which server to reach and with which token, and shows the connection to it. */
import { type ReactElement, useState } from "react";
import { Connection } from "./connection.tsx";
import gate from "./gate.svg";
import { SignIn, type Target } from "./sign-in.tsx";

export function App(): ReactElement {
  const [target, setTarget] = useState<Target>();
  const [lastUrl, setLastUrl] = useState<string>();

  const leave = (): void => {
    setLastUrl(target?.url);
    setTarget(undefined);
  };
  return (
    <>
      <header>
        <img src={gate} alt="" width="36" height="36" />
        <div>
          <h1>Sallyport demo</h1>
          <p>This page is a client of a protected MCP server. The token stays in its memory.</p>
        </div>
      </header>
      <main>
        {target === undefined ? (
          <SignIn lastUrl={lastUrl} onSubmit={setTarget} />
        ) : (
          <Connection target={target} onLeave={leave} />
        )}
      </main>
    </>
  );
}
