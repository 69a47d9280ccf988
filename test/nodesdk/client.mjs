// The SDK as an application uses it today.
import assert from 'node:assert/strict';
import signer from 'tls-sig-api-v2';
import './server.mjs';
import TIMRestAPI from 'imsdk-restapi-nodejs-es6-sdk';

const lifeSeconds = 3600;

class Client extends TIMRestAPI {
  // The SDK signs with a private key, as applications did until 2019. Since then
  // they have a secret key and sign with the vendor's package; everything else
  // is the SDK's own.
  _reSign() {
    const { sdkAppid, privateKey, identifier, expireAfter } = this._timConfig;
    this._usersig = new signer.Api(sdkAppid, privateKey.trim()).genUserSig(identifier, expireAfter);
    this._expireUntil = Date.now() / 1000 + expireAfter;
  }

  // answer returns what a command answers, success or not.
  async answer(command, body) {
    const [service, name] = command.split('/');
    const { status, data } = await this.request(service, name, body);
    assert.equal(status, 200, command);
    assert.equal(typeof data.ErrorCode, 'number', `${command} answers ${JSON.stringify(data)}`);
    assert.equal(data.ActionStatus, data.ErrorCode === 0 ? 'OK' : 'FAIL', command);
    assert.equal(typeof data.ErrorInfo, 'string', command);
    return data;
  }

  // ok makes a call that succeeds.
  async ok(command, body) {
    const data = await this.answer(command, body);
    assert.equal(data.ErrorCode, 0, about(command, body, data));
    return data;
  }

  // refused makes a call that is answered with a code.
  async refused(code, command, body) {
    const data = await this.answer(command, body);
    assert.equal(data.ErrorCode, code, about(command, body, data));
  }
}

const about = (command, body, data) => `${command} ${JSON.stringify(body).slice(0, 500)} answers ${JSON.stringify(data)}`;

// connect returns a client that calls in an account's name.
export function connect(identifier) {
  const client = new Client({
    sdkAppid: Number(process.env.RECANT_SDKAPPID),
    identifier,
    accountType: '0',
    privateKeyPath: process.env.RECANT_KEY_FILE,
    expireAfter: lifeSeconds,
  });
  client.init();
  return client;
}

export const groups = 'group_open_http_svc';
export const topics = 'million_group_open_http_svc';
export const accounts = 'im_open_login_svc';
