/**
 * Reads the text of a config file: JSON (RFC 8259) with comments and trailing commas. Errors give line and column and
 * never quote the text, which holds secrets; keys that are written twice are found, bounds are kept while reading.
 */
import { ConfigError, type ConfigProblem } from "../errors.ts";
import { limits } from "./input.ts";
import { formatPath, type Path } from "./path.ts";

/** A text read, with what was wrong with it short of being unreadable. */
export interface JsonText {
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
}

/**
 * Read JSON with comments and trailing commas. Objects come without a prototype, so that `__proto__` is a key.
 *
 * @throws {ConfigError} `config_invalid` with line and column where the text is not JSON, or is beyond {@link limits}.
 */
export function readJsonText(text: string): JsonText {
  if (text.length > limits.characters) throw unreadable(`is larger than ${limits.characters} characters`);
  const problems: ConfigProblem[] = [];
  // Windows editors begin files with a byte order mark.
  const bom = text.startsWith("\uFEFF") ? 1 : 0;
  let at = bom;
  let counted = { offset: bom, line: 1, start: bom };

  skip();
  if (at === text.length) throw unreadable("is empty");
  const result = value([]);
  skip();
  if (at < text.length) fail("expected nothing after the end of the configuration");
  return { value: result, problems };

  function value(path: Path): unknown {
    if (path.length > limits.depth) fail(`nested more than ${limits.depth} levels deep`);
    switch (text[at]) {
      case "{":
        return object(path);
      case "[":
        return array(path);
      case '"':
        return string();
      default:
        return word();
    }
  }

  function object(path: Path): object {
    const result: Record<string, unknown> = Object.create(null);
    each("}", () => {
      const start = at;
      if (text[at] !== '"') fail("expected a key in double quotes");
      const key = string();
      const here = [...path, key];
      if (Object.hasOwn(result, key)) {
        const message = `is written twice in one object (again in ${position(start)}); keep one of them`;
        problems.push({ code: "config_invalid", path: formatPath(here), message });
      }
      skip();
      if (text[at] !== ":") fail("expected a colon after the key");
      at += 1;
      skip();
      result[key] = value(here);
    });
    return result;
  }

  function array(path: Path): unknown[] {
    const result: unknown[] = [];
    each("]", () => result.push(value([...path, result.length])));
    return result;
  }

  /** What stands between brackets, with commas between and perhaps one at the end. */
  function each(close: string, item: () => void): void {
    const open = at;
    at += 1;
    for (skip(); text[at] !== close; skip()) {
      if (at === text.length) fail(`the ${text[open]} of ${position(open)} is not closed`);
      item();
      skip();
      if (text[at] === ",") at += 1;
      else if (text[at] !== close && at < text.length) fail(`expected a comma or ${close}`);
    }
    at += 1;
  }

  function string(): string {
    const start = at;
    for (at += 1; text[at] !== '"'; at += 1) {
      if (at >= text.length || text.charCodeAt(at) < 0x20) {
        fail(`the text that begins in ${position(start)} has no closing quote, or a control character in it`);
      }
      if (text[at] !== "\\") continue;
      at += 1;
      const escaped = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;
      escaped.lastIndex = at;
      if (!escaped.test(text)) fail('expected one of " \\ / b f n r t u after the backslash');
    }
    at += 1;
    return JSON.parse(text.slice(start, at)) as string;
  }

  function word(): boolean | number | null {
    // Longer numbers exist, but not in a configuration.
    const run = /[-+.\w]{0,64}/y;
    run.lastIndex = at;
    const written = run.exec(text)?.[0] ?? "";
    if (!/^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(written)) fail("expected a value");
    at += written.length;
    return JSON.parse(written) as boolean | number | null;
  }

  /** Pass white space and comments. */
  function skip(): void {
    for (;;) {
      while (at < text.length && " \t\r\n".includes(text.charAt(at))) at += 1;
      if (text.startsWith("//", at)) {
        while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at += 1;
      } else if (text.startsWith("/*", at)) {
        const end = text.indexOf("*/", at + 2);
        if (end < 0) fail("the comment that begins here is not closed");
        at = end + 2;
      } else return;
    }
  }

  function fail(what: string): never {
    throw unreadable(`is not valid JSON: ${position(at)}: ${what}`);
  }

  /** Where an offset is. Counts on from the last one asked for: many keys may be written twice. */
  function position(offset: number): string {
    if (offset < counted.offset) counted = { offset: bom, line: 1, start: bom };
    const breaks = /\r\n?|\n/g;
    breaks.lastIndex = counted.offset;
    for (let found = breaks.exec(text); found !== null && breaks.lastIndex <= offset; found = breaks.exec(text)) {
      counted = { offset: breaks.lastIndex, line: counted.line + 1, start: breaks.lastIndex };
    }
    return `line ${counted.line}, column ${offset - counted.start + 1}`;
  }
}

function unreadable(how: string): ConfigError {
  return new ConfigError([{ code: "config_invalid", path: "", message: `The configuration ${how}.` }]);
}
