export type * from "./sdk.ts";
