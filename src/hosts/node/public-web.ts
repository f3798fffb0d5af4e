// The web for those who may not reach the host itself, nor what lies around it: names lead to public addresses alone, whatever a name server
// says, and so do redirections. Contract: HttpClient in src/base/http.ts; the rule is src/net/policy.ts, as for containers.
import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { type HttpClient, HttpError, type HttpRequest, type HttpResponse } from '../../base/http.js';
import { parseAddress } from '../../net/address.js';
import { Policy } from '../../net/policy.js';
import { NodeHttpClient } from './http-client.js';
import { NodeNetwork } from './sockets.js';

export class PublicWeb implements HttpClient {
  private readonly policy: Policy;
  private readonly client: NodeHttpClient;

  /** `ca`: certificates to trust besides those that Node does. */
  constructor(ca?: string) {
    const network = new NodeNetwork(() => {});
    this.policy = new Policy([], () => network.ownAddresses());
    this.client = new NodeHttpClient(ca, this.lookup);
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const { hostname, port, protocol } = new URL(request.url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const at = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
    // an address is looked up by nobody
    if (isIP(host) !== 0 && !this.permits(host, at)) throw refused(host);
    return this.client.send(request);
  }

  close(): void {
    this.client.close();
  }

  private permits(text: string, port = 0): boolean {
    const address = parseAddress(text);
    return address !== undefined && this.policy.permits(address, port);
  }

  private readonly lookup: LookupFunction = (host, options, tell) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error) {
        tell(error, '');
        return;
      }
      const allowed = found.filter(({ address }) => this.permits(address));
      if (allowed.length === 0) tell(refused(host), '');
      else if (options.all) tell(null, allowed);
      else tell(null, allowed[0]!.address, allowed[0]!.family);
    });
  };
}

const refused = (host: string): HttpError =>
  new HttpError(`${host}: is an address of this host or of a network around it, which builds may not reach`, false);
