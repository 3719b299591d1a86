/** The form that says where to connect. It offers the servers the demo runs, and takes any other. */
import { type FormEvent, type ReactElement, useEffect, useId, useState } from "react";

/** A server and the credential for it. */
export interface Target {
  readonly url: string;
  readonly token: string;
}

interface OfferedServer {
  readonly name: string;
  readonly url: string;
}

export function SignIn({ onSubmit }: { onSubmit: (target: Target) => void }): ReactElement {
  const servers = useOfferedServers();
  const [url, setUrl] = useState<string>();
  const [token, setToken] = useState("");
  const id = useId();

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit({ url: url ?? servers[0]?.url ?? "", token });
  };
  return (
    <form className="card" onSubmit={submit} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Connect to a server</h2>
      <label>
        Server
        <input
          type="url"
          required
          list={`${id}-servers`}
          value={url ?? servers[0]?.url ?? ""}
          onChange={(event) => setUrl(event.target.value)}
          placeholder="http://127.0.0.1:8000/mcp"
        />
      </label>
      <datalist id={`${id}-servers`}>
        {servers.map((server) => (
          <option key={server.url} value={server.url}>
            {server.name}
          </option>
        ))}
      </datalist>
      <label>
        Token
        <input
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={token}
          onChange={(event) => setToken(event.target.value)}
          placeholder="Leave empty to see the server refuse"
        />
      </label>
      <button type="submit" className="primary">
        Connect
      </button>
    </form>
  );
}

/** The servers that `config.json` beside the page names; none when the page is served without it. */
function useOfferedServers(): readonly OfferedServer[] {
  const [servers, setServers] = useState<readonly OfferedServer[]>([]);
  useEffect(() => {
    const leaving = new AbortController();
    fetch("./config.json", { signal: leaving.signal })
      .then((response): Promise<{ servers: OfferedServer[] }> => response.json())
      .then((config) => setServers(config.servers))
      .catch(() => {});
    return () => leaving.abort();
  }, []);
  return servers;
}
