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

export interface SignInProps {
  /** The URL of the last connection, to start from. */
  readonly lastUrl: string | undefined;
  readonly onSubmit: (target: Target) => void;
}

export function SignIn({ lastUrl, onSubmit }: SignInProps): ReactElement {
  const servers = useOfferedServers();
  const [url, setUrl] = useState(lastUrl);
  const [token, setToken] = useState("");
  const id = useId();

  const shownUrl = url ?? servers[0]?.url ?? "";
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit({ url: shownUrl, token });
  };
  return (
    <form className="card" onSubmit={submit} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Connect</h2>
      <label>
        Server URL
        <input
          type="url"
          required
          list={`${id}-servers`}
          value={shownUrl}
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
