/** Who is asked to sign in during the walk: answers at the pages of the authorization server, as a person would. */
import type { Interaction } from "@sallyport/auth-core";
import { loopbackInteraction } from "@sallyport/client-node";
import type { TestAuthorizationServer } from "@sallyport/testkit";

/** Signs in by this name, in a browser that comes back to the loopback listener, or with a device code. */
export function person(issuer: TestAuthorizationServer, account: string, decision?: "deny"): Interaction {
  const answers = { account, ...(decision !== undefined && { decision }) };
  const browser = loopbackInteraction({
    onUrl: () => {},
    async open(url) {
      await issuer.signIn(url, { ...answers, deliver: true });
    },
  });
  return {
    open: (request) => browser.open(request),
    showDeviceCode: ({ verificationUri, userCode }) => issuer.enterUserCode(verificationUri, userCode, answers),
  };
}
