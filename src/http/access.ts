// Access: the token for requests that change something, and the names under which a browser may reach this service.
// Comes in: method and header fields of a request. Goes out: why it is refused, or null. How an operator sets it:
// docs/operating.md#access.

import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { apiToken, apiTokenPath } from '../base/environment.js';
import { exitCode, messageOf, OperatorError } from '../base/errors.js';
import { readTextFile } from '../base/text-file.js';

/** A shorter token can be guessed. */
const leastTokenCharacters = 16;

/** A longer file is no token. */
const mostTokenCharacters = 512;

/** Bytes that are read of a file, white space included. */
const tokenFileBytes = 64 * 1024;

/** What of a request decides. */
export interface AccessQuestion {
  readonly method: string;
  /** Header fields as Node gives them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Why a request is refused. */
export interface AccessRefusal {
  readonly status: 401 | 403 | 421;
  readonly problem: string;
}

export interface AccessRules {
  /** Null = every request may change the state. */
  readonly token: string | null;
  /** Address listened on. */
  readonly host: string;
  /** Names under which the service is reached, beside its own; null = any, unless it listens on loopback. */
  readonly names: readonly string[] | null;
}

/**
 * The token in a file: its text without white space around it.
 * @throws OperatorError when the file cannot be read or holds no usable token
 */
export function readToken(file: string): string {
  let text: string;
  try {
    text = readTextFile(file, tokenFileBytes);
  } catch (error) {
    throw new OperatorError(
      `token file ${file}: ${messageOf(error)}. Needed: a file that this user can read (docs/operating.md#access)`,
      exitCode.usage,
      { cause: error },
    );
  }
  return checkedToken(text.trim(), `token file ${file}`);
}

/**
 * The token as it is, when it can be one.
 * @param where whence it came, for the message
 * @throws OperatorError, which does not show it
 */
export function checkedToken(token: string, where: string): string {
  // What an Authorization header can carry (RFC 6750, token68).
  if (
    token.length >= leastTokenCharacters &&
    token.length <= mostTokenCharacters &&
    /^[A-Za-z0-9\-._~+/]+=*$/.test(token)
  )
    return token;
  throw new OperatorError(
    `${where}: holds ${token.length} characters. Needed: ${leastTokenCharacters} to ${mostTokenCharacters} ` +
      'letters, digits and - . _ ~ + /, in one line; openssl rand -hex 32 makes one',
    exitCode.usage,
  );
}

/**
 * The token that is configured: in this file if it is named, else in the file that VDCU_API_TOKEN_FILE names, else
 * VDCU_API_TOKEN itself; null = none.
 * @throws OperatorError when one is named and there is none to be had
 */
export function configuredToken(file: string | null, environment?: NodeJS.ProcessEnv): string | null {
  const path = file ?? apiTokenPath(environment);
  if (path !== null) return readToken(path);
  const token = apiToken(environment);
  return token === null ? null : checkedToken(token, 'VDCU_API_TOKEN');
}

/** The check of every request; makes what it can beforehand. */
export class Access {
  readonly #token: Buffer | null;
  readonly #names: ReadonlySet<string> | null;
  /** Only names of `#names` and of this machine are answered at all. */
  readonly #strict: boolean;

  constructor({ token, host, names }: AccessRules, machine: string = hostname()) {
    this.#token = token === null ? null : digest(token);
    this.#strict = names !== null || isLoopback(host);
    const own = machine.toLowerCase();
    this.#names = this.#strict
      ? new Set([own, own.split('.')[0], ...(names ?? []).map((name) => name.toLowerCase())])
      : null;
  }

  /** Null = it may go on. */
  refuse({ method, headers }: AccessQuestion): AccessRefusal | null {
    const host = single(headers['host']);
    const name = nameOf(host);
    // A name that an attacker's name server points to this machine makes a foreign page ours to the browser. An
    // address cannot.
    if (!this.#known(name)) {
      return {
        status: 421,
        problem:
          `host ${JSON.stringify(shown(host))}: this service is not known under that name. Use its address, or add ` +
          'the name to api_names',
      };
    }
    if (method === 'GET' || method === 'HEAD') return null;
    const foreign = this.#foreignPage(headers, host);
    if (foreign !== null) return foreign;
    if (this.#token === null) return null;
    const match = /^Bearer +(\S+)$/i.exec(single(headers['authorization']));
    if (match === null)
      return {
        status: 401,
        problem:
          'this request changes something and needs a token: send the header "Authorization: Bearer TOKEN" (vdcu arm ' +
          'and stop: --token-file, VDCU_API_TOKEN_FILE or VDCU_API_TOKEN)',
      };
    if (timingSafeEqual(digest(match[1]), this.#token)) return null;
    return {
      status: 401,
      problem: 'the token is not the one of this service (api_token_file, VDCU_API_TOKEN_FILE or VDCU_API_TOKEN)',
    };
  }

  /** A browser says which page asks; anything else says nothing and is no page. */
  #foreignPage(headers: AccessQuestion['headers'], host: string): AccessRefusal | null {
    const origin = headers['origin'];
    if (origin === undefined) {
      const site = single(headers['sec-fetch-site']);
      if (site === 'cross-site' || site === 'same-site')
        return { status: 403, problem: `a page of another site (${site}) may not change anything here` };
      return null;
    }
    const page = originOf(single(origin));
    // The scheme is not compared: an ingress speaks https outside and http to us.
    if (
      page !== null &&
      (page.host === withoutDefaultPort(host, page.protocol) || this.#names?.has(page.hostname) === true)
    )
      return null;
    return {
      status: 403,
      problem:
        `a page of ${JSON.stringify(shown(single(origin)))} may not change anything here. If that is where a proxy ` +
        'shows this service, add its name to api_names',
    };
  }

  #known(name: string | null): boolean {
    if (!this.#strict) return true;
    if (name === null) return false;
    if (name === 'localhost' || name.endsWith('.localhost') || isIP(name.replace(/^\[|\]$/g, '')) !== 0) return true;
    return this.#names?.has(name) === true;
  }
}

/** 127.0.0.0/8 and ::1. */
function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

/** The name in a Host header, in lower case; null = it holds none. */
function nameOf(host: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?$/i.exec(host);
  return match === null ? null : match[1].toLowerCase().replace(/\.$/, '');
}

function originOf(text: string): URL | null {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
  } catch {
    return null;
  }
}

/** As URL writes `host`: in lower case, and without the port that the scheme means anyway. */
function withoutDefaultPort(host: string, protocol: string): string {
  return originOf(`${protocol}//${host}`)?.host ?? host;
}

function single(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}

function shown(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

/** Same length for all, so that the comparison takes the same time for all. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
