// Plays systemd for tests: a Unix datagram socket, opened by Python, for Node has none.

import { spawn } from 'node:child_process';
import type { Test } from 'tap';
import { programNamed } from '../programs.js';
import { until } from '../threads/waiting.js';

const listener = `
import socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
path = sys.argv[1]
s.bind('\\0' + path[1:] if path.startswith('@') else path)
print('bound', flush=True)
while True:
    text, who, _, _ = s.recvmsg(65536, socket.CMSG_SPACE(12))
    print(struct.unpack('iii', who[0][2])[0], text.decode().replace('\\n', ' | '), flush=True)
`;

/** One datagram: who sent it, and its lines, joined by " | ". */
export interface Notice {
  readonly pid: number;
  readonly text: string;
}

/** What is sent to this socket from now on. The listener ends with the test. */
export async function listenForNotices(t: Test, path: string): Promise<readonly Notice[]> {
  const child = spawn(programNamed('python3') as string, ['-c', listener, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const notices: Notice[] = [];
  let bound = false;
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      if (!bound) bound = line === 'bound';
      else notices.push({ pid: Number.parseInt(line, 10), text: line.slice(line.indexOf(' ') + 1) });
    }
  });
  await until(() => bound, 'the socket');
  return notices;
}
