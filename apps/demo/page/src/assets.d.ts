/** An image, as Vite gives it: its URL. */
declare module "*.svg" {
  const url: string;
  export default url;
}
