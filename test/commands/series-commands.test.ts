import t from 'tap';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { vdcu, vdcuWith } from './repository.js';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** A service that gives one answer to everything, for as long as `use` runs. */
async function answering<T>(status: number, body: string, use: (url: string, seen: Seen[]) => Promise<T>): Promise<T> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', body: text });
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen);
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
}

const summary = {
  series_id: 5,
  filename: '/data/x.h5',
  auto: false,
  frames: 10,
  complete: 8,
  marked: 2,
  discarded: 0,
  unsent: 0,
  incomplete: [[3, 4]],
  truncated: false,
  first_frame_number: 1,
  ledger: [
    {
      udp_port: 50001,
      expected: 640,
      accepted: 637,
      missing: 3,
      late: 1,
      ring: 0,
      socket: null,
      cut_off: 0,
      unexplained: null,
      socket_limited: false,
      kernel_drops: null,
      duplicate: 0,
      reordered: 0,
      late_duplicate: 0,
      late_unknown: 0,
      malformed: 0,
      foreign: 0,
    },
  ],
  warnings: ['dynamic_range: 32?'],
  header_sent: true,
  end_pending: false,
};

t.test('arm sends what was given and says what was opened', async (t) => {
  await answering(
    201,
    '{"series_id":3,"msg_number":17,"header_pending":false,"state":"open","warnings":[]}',
    async (url, seen) => {
      t.match(await vdcu('arm', '--url', `${url}/`), {
        code: 0,
        stdout: 'series 3 is open; its header is message 17\n',
      });
      t.match(
        await vdcu(
          'arm',
          '--url',
          url,
          '--json',
          '--filename',
          '/data/a.h5',
          '--frames',
          '7',
          '--first-frame',
          '9',
          '--frame-period',
          '2.5',
          '--metadata',
          '{"exptime": 0.1}',
          '--dynamic-range',
          '32',
          '--read-n-rows',
          '64',
          '--force',
        ),
        { code: 0, stdout: /^\{"series_id":3,/ },
      );
      t.strictSame(
        seen.map(({ method, url: path }) => `${method} ${path}`),
        ['POST /api/v1/series', 'POST /api/v1/series'],
      );
      t.strictSame(JSON.parse(seen[0]?.body ?? ''), {}, "what is not given is the service's to fill in");
      t.strictSame(JSON.parse(seen[1]?.body ?? ''), {
        filename: '/data/a.h5',
        frames: 7,
        first_frame_number: 9,
        frame_period_ms: 2.5,
        metadata: { exptime: 0.1 },
        dynamic_range: 32,
        read_n_rows: 64,
        force: true,
      });
    },
  );
});

t.test('arm sends values as they were written, and leaves it to the service to judge them', async (t) => {
  await answering(
    201,
    '{"series_id":3,"msg_number":17,"header_pending":false,"state":"open","warnings":[]}',
    async (url, seen) => {
      t.match(
        await vdcu(
          'arm',
          '--url',
          url,
          '--frames',
          '9007199254740993',
          '--first-frame',
          '0',
          '--frame-period',
          '-1',
          '--dynamic-range',
          '99',
          '--read-n-rows',
          '1e6',
          '--metadata',
          '{"n":9007199254740993,"f":1.0,"n":2}',
        ),
        { code: 0 },
      );
      t.equal(
        seen[0]?.body,
        '{"frames":9007199254740993,"first_frame_number":0,"frame_period_ms":-1,"metadata":{"n":9007199254740993,"f":1.0,"n":2},"dynamic_range":99,"read_n_rows":1e6}',
      );
    },
  );
});

t.test('status --health asks only whether every thread turns', async (t) => {
  await answering(200, '{"alive":true,"reasons":[]}', async (url, seen) => {
    t.match(await vdcu('status', '--health', '--url', url), { code: 0, stdout: 'every thread turns\n' });
    t.match(await vdcu('status', '--health', '--json', '--url', url), {
      code: 0,
      stdout: '{"alive":true,"reasons":[]}\n',
    });
    t.strictSame(
      seen.map(({ method, url: path }) => `${method} ${path}`),
      ['GET /healthz', 'GET /healthz'],
    );
  });
  await answering(503, '{"alive":false,"reasons":["receiver 0: no turn for 12 s"]}', async (url) => {
    t.match(await vdcu('status', '--health', '--url', url), { code: 1, stdout: 'receiver 0: no turn for 12 s\n' });
  });
});

t.test('metadata may come from a file; what the service warns of is told beside the answer', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'vdcu-')), 'metadata.json');
  writeFileSync(file, '{"label": "a"}');
  const opened = { series_id: 3, msg_number: null, header_pending: true, state: 'open', warnings: ['it is there'] };
  await answering(201, JSON.stringify(opened), async (url, seen) => {
    t.match(await vdcu('arm', '--url', url, '--metadata', `@${file}`), {
      code: 0,
      stdout: 'series 3 is open; its header waits for a consumer\n',
      stderr: 'note: it is there\n',
    });
    t.match(JSON.parse(seen[0]?.body ?? ''), { metadata: { label: 'a' } });
  });
});

t.test('a refused arm ends with 3 and prints every reason', async (t) => {
  for (const status of [409, 422, 503]) {
    await answering(
      status,
      '{"problems":["no consumer is connected. Connect one, or use force","another"]}',
      async (url) => {
        t.strictSame(
          await vdcu('arm', '--url', url),
          {
            code: 3,
            stdout: '',
            stderr: 'vdcu: not armed: no consumer is connected. Connect one, or use force\nvdcu: not armed: another\n',
          },
          `HTTP ${status}`,
        );
      },
    );
  }
  await answering(422, '{"why":"invalid","problems":["frames: -1 is not a whole number"]}', async (url) => {
    t.match(
      await vdcu('arm', '--url', url, '--frames', '-1'),
      { code: 2, stderr: 'vdcu: not armed: frames: -1 is not a whole number\n' },
      "a wrong value is the user's to mend",
    );
  });
  await answering(500, '{"statusCode":500,"message":"broken"}', async (url) => {
    t.match(await vdcu('arm', '--url', url), { code: 3, stderr: 'vdcu: not armed: broken\n' });
  });
});

t.test('stop prints the summary of the series, loss by port and cause', async (t) => {
  await answering(200, JSON.stringify({ summary }), async (url, seen) => {
    t.strictSame(await vdcu('stop', '--url', url), {
      code: 0,
      stdout:
        'series 5 ended: 10 frames = 8 complete + 2 marked + 0 discarded; /data/x.h5\n' +
        '  port 50001: 637 of 640 packets; 3 missing = 1 late + 0 ring + ? socket + 0 cut_off + ? unexplained\n' +
        '  dynamic_range: 32?\n',
      stderr: '',
    });
    t.equal(seen[0]?.method, 'DELETE');
    t.strictSame(JSON.parse((await vdcu('stop', '--url', url, '--json')).stdout), summary);
    await vdcu('stop', '--url', url, '--series', '5');
    await vdcu('stop', '--url', url, '--series', '5', '--fill');
    t.strictSame(
      seen.map(({ url: path }) => path.replace('/api/v1/series', '')),
      ['', '', '?series_id=5', '?fill=true&series_id=5'],
    );
    t.match(await vdcu('stop', '--url', url, '--series', '-5'), { code: 2 });
    t.match(await vdcu('stop', '--endpoints', url, '--series', '5'), {
      code: 2,
      stderr: /--series goes only with one/,
    });
    t.equal(seen.length, 4, 'nothing was asked of it');
  });
});

t.test('status says what the receiver has of the last series', async (t) => {
  const received = { ...summary, received_by_consumer: 7 };
  const failed = { ...received, receiver_error: 'no such folder' };
  const state = { state: 'idle', message: 'idle', problems: [], consumers: 1, end_pending: false, series: null };
  const lineOf = async (last: object): Promise<string | undefined> => {
    let line: string | undefined;
    await answering(200, JSON.stringify({ ...state, last_series: last }), async (url) => {
      const { stdout } = await vdcu('status', '--url', url);
      line = stdout.split('\n').find((text) => text.includes('receiver'));
    });
    return line;
  };
  t.equal(await lineOf(received), '  the receiver has received 7 of them');
  t.equal(await lineOf(failed), '  the receiver failed, they are not saved: no such folder', 'and no count beside it');
  t.equal(await lineOf({ ...received, received_by_consumer: null }), '  what the receiver has of them is not known');
  t.equal(await lineOf(summary), undefined);
});

t.test('stop of an aborted series ends with 1, of none with 0', async (t) => {
  await answering(200, JSON.stringify({ summary: { ...summary, aborted: 'consumer_lost' } }), async (url) => {
    t.match(await vdcu('stop', '--url', url), { code: 1, stdout: /^series 5 aborted \(consumer_lost\)/ });
  });
  await answering(200, '{"summary":null}', async (url) => {
    t.match(await vdcu('stop', '--url', url), { code: 0, stdout: 'no series was open\n' });
  });
});

t.test('stop of a series that its consumer does not have whole ends with 5; an abort says more', async (t) => {
  const undelivered = { messages: 3, bytes: 100 };
  const cases = [
    [{ undelivered }, 5, '3 messages (100 bytes) had not reached the consumer in time'],
    [{ end_pending: true }, 5, 'its series_end waits for a consumer'],
    [{ end_pending: true, aborted: 'closing_timeout' }, 1, 'its series_end waits for a consumer'],
  ] as const;
  for (const [fields, code, line] of cases)
    await answering(200, JSON.stringify({ summary: { ...summary, ...fields } }), async (url) => {
      const stopped = await vdcu('stop', '--url', url);
      t.equal(stopped.code, code);
      t.ok(stopped.stdout.includes(`\n  ${line}\n`), stopped.stdout);
    });
});

t.test('status prints state, problems, the series and the one before', async (t) => {
  const series = {
    series_id: 6,
    filename: '',
    auto: true,
    frames: 100,
    header_pending: false,
    first_frame_number: 1,
    highest_frame_number: 12,
    images_sent: 10,
    complete: 10,
    marked: 0,
    discarded: 0,
    ports: [
      {
        udp_port: 50001,
        packets: { missing: 5, late: 1, ring: 0, socket: 4, cut_off: 0, unexplained: 0 },
        counters: { received: 700, duplicate: 0 },
        newest_frame_number: 12,
      },
    ],
  };
  const body = {
    state: 'open',
    message: 'receiving',
    problems: ['port 50002: no packets'],
    consumers: 1,
    end_pending: false,
    series,
    last_series: summary,
  };
  await answering(200, JSON.stringify(body), async (url) => {
    const { code, stdout } = await vdcu('status', '--url', url);
    t.equal(code, 0);
    t.match(
      stdout,
      'receiving\nconsumers connected: 1\nproblem: port 50002: no packets\n' +
        'series 6 (auto): 10 of 100 images sent = 10 complete + 0 marked + 0 discarded; frames 1 to 12\n' +
        '  port 50001: newest frame 12; 5 missing = 1 late + 0 ring + 4 socket + 0 cut_off + 0 unexplained, received ' +
        '700\nbefore:\nseries 5 ended',
    );
    t.strictSame(JSON.parse((await vdcu('status', '--url', url, '--json')).stdout), body);
  });
});

t.test('status of a service of an older version, which tells less of each port, is printed', async (t) => {
  const series = {
    series_id: 6,
    auto: false,
    frames: 0,
    images_sent: 1,
    complete: 1,
    marked: 0,
    discarded: 0,
    ports: [{ udp_port: 50001 }],
  };
  const body = { message: 'receiving', problems: [], consumers: 1, end_pending: false, series, last_series: null };
  await answering(200, JSON.stringify(body), async (url) => {
    const { code, stdout, stderr } = await vdcu('status', '--url', url);
    t.equal(code, 0, stderr);
    t.match(stdout, '  port 50001: newest frame ?; missing packets not told');
  });
});

t.test('the configuration names the service as well as --url does', async (t) => {
  await answering(
    200,
    '{"state":"idle","message":"waiting","problems":[],"consumers":0,"end_pending":false,"series":null,"last_series":null}',
    async (url) => {
      const file = join(mkdtempSync(join(tmpdir(), 'vdcu-')), 'a.yaml');
      const entry = (port: string): string =>
        `{detector: eiger, quad: true, udp_ports: [1, 2], api_host: 0.0.0.0, api_port: ${port}}`;
      writeFileSync(file, `a: ${entry(new URL(url).port)}\nb: ${entry('0')}\n`);
      t.match(await vdcu('status', file, 'a'), { code: 0, stdout: 'waiting\nconsumers connected: 0\n' });
      t.match(await vdcu('status', file, 'b'), {
        code: 2,
        stderr: /api_port is 0, so the port is known only to the running service\. Use --url/,
      });
    },
  );
});

t.test('what answers with other JSON than this service is a stranger, and said to be one', async (t) => {
  for (const [status, body] of [
    [404, '{"detail":"Not Found"}'],
    [200, '{}'],
    [200, 'null'],
    [200, '{"alive":true}'],
  ] as const)
    await answering(status, body, async (url) => {
      for (const words of [['status'], ['status', '--health']])
        t.match(await vdcu(...words, '--url', url), { code: 3, stderr: /Is another program there\? Check the URL/ });
    });
  await answering(421, '{"problems":["host: not one of api_names"]}', async (url) => {
    t.match(await vdcu('status', '--health', '--url', url), { code: 3, stderr: /no health from .*: host: not one of/ });
  });
});

t.test('silence and strangers are told apart, with the remedy', async (t) => {
  let closed = '';
  await answering(200, '<html>', async (url) => {
    closed = url;
    t.match(await vdcu('status', '--url', url), {
      code: 3,
      stderr: /HTTP 200 and no JSON, so another program answers there\. Check --url/,
    });
  });
  for (const command of ['status', 'arm', 'stop']) {
    t.match(await vdcu(command, '--url', closed), {
      code: 3,
      stderr: /connection refused: no service runs there\. Start one \(vdcu run CONFIG NAME\)/,
    });
  }
});

t.test('arm and stop send the token of the option, of the configuration, or of the environment', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-'));
  const [file, config] = [join(folder, 'token'), join(folder, 'a.yaml')];
  writeFileSync(file, 'token-from-the-file\n');
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response
      .writeHead(401, { 'content-type': 'application/json', connection: 'close' })
      .end('{"problems":["needs a token"]}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  writeFileSync(
    config,
    `det:\n  detector: eiger\n  quad: true\n  udp_ports: [50001, 50002]\n  api_port: ${port}\n  api_token_file: ` +
      `${file}\n`,
  );
  const url = `http://127.0.0.1:${port}`;
  const fromEnvironment = { VDCU_API_TOKEN: 'token-from-the-environment' };
  t.match(await vdcuWith(fromEnvironment, 'arm', '--url', url), {
    code: 3,
    stderr: 'vdcu: not armed: needs a token\n',
  });
  await vdcuWith(fromEnvironment, 'stop', '--url', url, '--token-file', file);
  await vdcuWith(fromEnvironment, 'stop', config, 'det');
  await vdcuWith(fromEnvironment, 'status', '--url', url);
  await vdcuWith({}, 'stop', '--url', url);
  t.strictSame(seen, [
    'Bearer token-from-the-environment',
    'Bearer token-from-the-file',
    'Bearer token-from-the-file',
    undefined,
    undefined,
  ]);
  await vdcuWith({ ...fromEnvironment, VDCU_API_TOKEN_FILE: file }, 'stop', '--url', url);
  t.equal(seen.pop(), 'Bearer token-from-the-file', 'a file that the environment names goes before a token in it');
  t.match(await vdcuWith({ VDCU_API_TOKEN: 'short' }, 'stop', '--url', url), {
    code: 2,
    stderr: /^vdcu: VDCU_API_TOKEN: holds 5 characters/,
  });
  t.match(await vdcuWith({}, 'stop', '--url', url, '--token-file', join(folder, 'none')), {
    code: 2,
    stderr: /token file .*none: ENOENT/,
  });
  t.equal(seen.length, 5);
});
