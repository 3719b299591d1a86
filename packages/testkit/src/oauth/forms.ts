/**
 * Reads the forms of a page, as far as the pages of test servers go: fields and buttons, inside the form or bound to it by
 * its id.
 */

/** One field of a form. */
export interface FormField {
  readonly type: string;
  readonly name: string;
  readonly value: string;
}

/** The first form of a page. */
export interface PageForm {
  readonly action: string | undefined;
  readonly fields: readonly FormField[];
  readonly buttons: readonly { readonly name: string; readonly value: string }[];
}

/** Returns the first form of a page, if it has one. */
export function readForm(html: string): PageForm | undefined {
  const form = /<form\b([^>]*)>/.exec(html);
  if (form === null) return undefined;
  const field = ({ type = "text", name = "", value = "" }: Record<string, string>) => ({ type, name, value });
  return {
    action: attributes(form[1])["action"],
    fields: [...html.matchAll(/<input\b([^>]*)>/g)].map(([, text]) => field(attributes(text))),
    buttons: [...html.matchAll(/<button\b([^>]*)>/g)].map(([, text]) => field(attributes(text))),
  };
}

function attributes(text = ""): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value = ""]) => [name, decode(value)]),
  );
}

function decode(text: string): string {
  const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => entities[name] ?? whole);
}
