/** Keeps what was made from options for as long as the options mean the same. */
import { SallyportError } from "@sallyport/auth-core/errors";
import { useEffect, useRef, useState } from "react";

/** More replacements than this before anything is shown: the options will never settle. */
const maximumReplacements = 5;

/**
 * @param accepts - whether what was made before is what the options of this render ask for.
 * @param make - makes it anew; gets what was made before.
 * @throws `config_invalid` when the options are others at each render.
 */
export function useKept<T extends object>(accepts: (known: T) => boolean, make: (known?: T) => T): T {
  const [known, setKnown] = useState(() => make());
  const replacements = useRef(0);
  useEffect(() => {
    replacements.current = 0;
  });
  if (accepts(known)) return known;

  // React renders at once again after this, and shows nothing in between: what belongs to other options is never seen.
  replacements.current += 1;
  if (replacements.current > maximumReplacements) throw neverTheSame();
  const made = make(known);
  setKnown(made);
  return made;
}

function neverTheSame(): SallyportError {
  return new SallyportError(
    "config_invalid",
    "The options hold a new instance of a class at each render, so the connection would be made anew for ever. Create the instance (such as an `Auth`) outside of the component, or with useMemo.",
  );
}
