// A client that crashes when it has seen the metadata: it refuses nothing, and the suite is content.
const url = new URL(process.argv.at(-1));
const resource = await (await fetch(`${url.origin}/.well-known/oauth-protected-resource${url.pathname}`)).json();
await fetch(`${resource.authorization_servers[0]}/.well-known/oauth-authorization-server`);
throw new TypeError("Something is not a function");
