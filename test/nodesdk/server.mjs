// The way to the server under test. The SDK has its host built in, so this
// replaces the agent that Node uses for every HTTPS request which names none:
// connections go to RECANT_ADDRESS, whatever host they are for. Nothing else
// changes; the certificate must be one of the host that the SDK calls.
import https from 'node:https';

const [host, port] = process.env.RECANT_ADDRESS.split(':');

export const sdkHost = 'console.tim.qq.com';

class ToServerUnderTest extends https.Agent {
  createConnection(options, connected) {
    if (options.host !== sdkHost) {
      throw new Error(`a call to ${options.host} would leave the test`);
    }
    return super.createConnection({ ...options, host, port, servername: sdkHost }, connected);
  }
}

https.globalAgent = new ToServerUnderTest({ keepAlive: true, maxSockets: 32 });
