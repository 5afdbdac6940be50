// ZMTP 3.1 as a PUSH socket that binds speaks it, as bytes; pure. Source: RFC 37 (ZMTP 3.1) and RFC 23 (3.0), NULL
// mechanism. In comes what a peer has sent; out go greeting, commands and the heads of message parts. All numbers big
// endian.
//
//   connection = greeting handshake traffic
//   greeting   = signature version mechanism as-server filler                                      (64 bytes)
//   signature  = %xFF 8OCTET %x7F          version = %x03 OCTET (0 or 1)      as-server = OCTET (any, with NULL)
//   mechanism  = "NULL" 16%x00             filler  = 31%x00
//   handshake = ready (both sides, neither waits for the other's)
//   ready      = command "READY" *property      property = OCTET name 4OCTET value      (lengths before name and value)
//   traffic    = *(message | command)                  command = (%x04 OCTET | %x06 8OCTET) OCTET name data
//   message = *more last more = (%x01 OCTET | %x03 8OCTET) bytes last = (%x00 OCTET | %x02 8OCTET) bytes
//   ping       = command "PING" 2OCTET (time to live, tenths of a second) *16OCTET (context)
//   pong = command "PONG" *16OCTET (the same context) (PING and PONG between 3.1 peers only)
//
//   subscribe  = command "SUBSCRIBE" topic | message %x01 topic
//   cancel     = command "CANCEL" topic | message %x00 topic
//
// A PULL sends its handshake and PING or PONG, nothing else; a SUB what it wants besides, by command or, as in ZMTP
// 3.0, by a message of one part.

export const greetingBytes = 64;
/** After so many bytes of a greeting it is known whether the peer speaks ZMTP, and which. */
const versionBytes = 11;
/** A command of a peer is no longer than this: a READY with some properties. */
export const longestCommand = 512;
/** Bytes of the head of a message part at most. */
export const partHeadBytes = 9;

const signatureHead = 0xff;
const signatureTail = 0x7f;
const mechanism = new TextEncoder().encode('NULL');
const flag = { more: 1, long: 2, command: 4 } as const;
const shortLength = 255;
const contextBytes = 16;

/** What a peer's greeting says so far. `old_protocol`: ZMTP 1 or 2. */
export type Greeting = 'incomplete' | 'malformed' | 'old_protocol' | 'mechanism' | { readonly minor: number };

/** A command of a peer, and how many bytes it took. */
export interface Command {
  readonly name: string;
  /** In the bytes that were given: valid as long as they are. */
  readonly data: Uint8Array;
  readonly bytes: number;
}

const latin1 = new TextDecoder('latin1');
const encoder = new TextEncoder();

/** Our greeting. */
export function greeting(): Uint8Array {
  const bytes = new Uint8Array(greetingBytes);
  bytes[0] = signatureHead;
  bytes[8] = 1;
  bytes[9] = signatureTail;
  bytes[10] = 3;
  bytes[11] = 1;
  bytes.set(mechanism, 12);
  return bytes;
}

/**
 * What the first bytes of a peer say; judged as early as they can be, so that a stranger is known by its first bytes.
 */
export function readGreeting(bytes: Uint8Array): Greeting {
  // ZMTP 1 begins with a frame that holds an identity, nearly always an empty one: %x01 %x00.
  if (bytes[0] === 1 && (bytes[1] ?? 0) === 0) return bytes.length === 1 ? 'incomplete' : 'old_protocol';
  if (bytes.length > 0 && bytes[0] !== signatureHead) return 'malformed';
  if (bytes.length < 10) return 'incomplete';
  // With a long identity its length takes 8 bytes, and flags of 0 follow.
  if (bytes[9] !== signatureTail) return bytes[9] === 0 ? 'old_protocol' : 'malformed';
  if (bytes.length < versionBytes) return 'incomplete';
  if (bytes[10] < 3) return 'old_protocol';
  if (bytes.length < greetingBytes) return 'incomplete';
  for (let at = 0; at < 20; at++) if (bytes[12 + at] !== (mechanism[at] ?? 0)) return 'mechanism';
  return { minor: bytes[11] };
}

/**
 * The command at the beginning of `bytes`.
 * @returns `message` for a message part, `malformed` for what is none or longer than any command that a consumer sends
 */
export function readCommand(bytes: Uint8Array): Command | 'incomplete' | 'message' | 'malformed' {
  if (bytes.length === 0) return 'incomplete';
  const flags = bytes[0];
  if ((flags & flag.command) === 0) return (flags & ~(flag.more | flag.long)) === 0 ? 'message' : 'malformed';
  if ((flags & ~(flag.command | flag.long)) !== 0) return 'malformed';
  const long = (flags & flag.long) !== 0;
  const head = long ? 9 : 2;
  if (bytes.length < head) return 'incomplete';
  let length = 0;
  for (let at = 1; at < head; at++) length = length * 256 + bytes[at];
  if (length < 1 || length > longestCommand) return 'malformed';
  if (bytes.length < head + length) return 'incomplete';
  const nameBytes = bytes[head];
  if (nameBytes === 0 || nameBytes + 1 > length) return 'malformed';
  const data = head + 1 + nameBytes;
  return {
    name: latin1.decode(bytes.subarray(head + 1, data)),
    data: bytes.subarray(data, head + length),
    bytes: head + length,
  };
}

/** What a SUB wants, or wants no more: beginnings of the first part of messages. */
export interface Subscription {
  readonly adds: boolean;
  readonly topic: Uint8Array;
}

/** A subscription by command; null = it is none. */
export function subscriptionOf({ name, data }: Command): Subscription | null {
  if (name !== 'SUBSCRIBE' && name !== 'CANCEL') return null;
  return { adds: name === 'SUBSCRIBE', topic: data.slice() };
}

/** A subscription by message, at the beginning of `bytes`, and how many bytes it took; topics are short. */
export function readSubscription(bytes: Uint8Array): (Subscription & { readonly bytes: number }) | 'incomplete' | null {
  if (bytes.length > 0 && bytes[0] !== 0) return null;
  if (bytes.length < 3) return bytes.length > 1 && bytes[1] === 0 ? null : 'incomplete';
  const end = 2 + bytes[1];
  if (bytes[1] === 0 || bytes[2] > 1) return null;
  return bytes.length < end ? 'incomplete' : { adds: bytes[2] === 1, topic: bytes.slice(3, end), bytes: end };
}

/**
 * Properties of a READY by their names in small letters (names do not distinguish them); null where the data is no list
 * of them.
 */
export function readProperties(data: Uint8Array): ReadonlyMap<string, string> | null {
  const properties = new Map<string, string>();
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at < data.length;) {
    const name = at + 1;
    const length = name + data[at];
    if (length + 4 > data.length) return null;
    const value = length + 4;
    const end = value + view.getUint32(length);
    if (end > data.length) return null;
    properties.set(latin1.decode(data.subarray(name, length)).toLowerCase(), latin1.decode(data.subarray(value, end)));
    at = end;
  }
  return properties;
}

/** Our READY. Properties beyond `Socket-Type` begin with "X-"; a consumer can read them. */
export function ready(socketType: string, properties: Readonly<Record<string, string>> = {}): Uint8Array {
  const list = Object.entries({ 'Socket-Type': socketType, ...properties }).flatMap(([name, value]) => {
    const [nameBytes, valueBytes] = [encoder.encode(name), encoder.encode(value)];
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, valueBytes.length);
    return [nameBytes.length, ...nameBytes, ...length, ...valueBytes];
  });
  return command('READY', Uint8Array.from(list));
}

/** @param ttlTenths how long the peer may wait for our next sign of life, in tenths of a second; 0 = for ever */
export function ping(ttlTenths: number): Uint8Array {
  return command('PING', Uint8Array.of(ttlTenths >> 8, ttlTenths & 255));
}

/** The answer to a PING; null where its data is none. */
export function pongFor(pingData: Uint8Array): Uint8Array | null {
  if (pingData.length < 2 || pingData.length > 2 + contextBytes) return null;
  return command('PONG', pingData.subarray(2));
}

/** Write the head of a message part into `to` at `at`; returns its length. */
export function writePartHead(to: Uint8Array, at: number, length: number, more: boolean): number {
  if (length <= shortLength) {
    to[at] = more ? flag.more : 0;
    to[at + 1] = length;
    return 2;
  }
  to[at] = flag.long | (more ? flag.more : 0);
  for (let byte = 8, rest = length; byte > 0; byte--, rest = Math.floor(rest / 256)) to[at + byte] = rest % 256;
  return partHeadBytes;
}

function command(name: string, data: Uint8Array): Uint8Array {
  const body = Uint8Array.of(name.length, ...encoder.encode(name), ...data);
  return body.length <= shortLength
    ? Uint8Array.of(flag.command, body.length, ...body)
    : Uint8Array.of(flag.command | flag.long, 0, 0, 0, 0, 0, 0, body.length >> 8, body.length & 255, ...body);
}
