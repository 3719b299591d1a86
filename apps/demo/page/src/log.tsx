/** What was sent and what came back, credentials masked. */
import type { LogEntry } from "@sallyport/client-react";
import type { ReactElement } from "react";

export function Log({ entries }: { entries: readonly LogEntry[] }): ReactElement {
  return (
    <section className="card" aria-labelledby="log-title">
      <h2 id="log-title">Log</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to take the focus (WCAG 2.1.1). */}
      <ol className="log" role="log" aria-labelledby="log-title" tabIndex={0} data-testid="log">
        {entries.map(({ id, time, level, message }) => (
          <li key={id} className={level}>
            <time dateTime={new Date(time).toISOString()}>{new Date(time).toLocaleTimeString()}</time>
            <span>{message}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
