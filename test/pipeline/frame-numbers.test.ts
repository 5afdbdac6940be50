import t from 'tap';
import { Pipeline } from './pipeline.js';

const yaml = (series: string): string =>
  'detector: eiger\nmodules: [2, 1]\nread_n_rows: 8\nudp_ports: [50001, 50002, 50003, 50004]\nseries: ' +
  `${series}\nring_frames: 64\nframe_timeout_ms: 100\ndrain_ms: 5\nstart_window_ms: 5\nseries_idle_ms: 50`;

/** The lower half-module counts `apart` frames more than the upper one, and both send 60 frames. */
function play(pipeline: Pipeline, apart: number): void {
  for (let frame = 6; frame < 66; frame++) {
    for (const port of [0, 1]) pipeline.send(port, frame);
    for (const port of [2, 3]) pipeline.send(port, frame + apart);
    pipeline.run(1);
  }
  pipeline.run(200);
}

for (const series of ['armed', 'auto']) {
  t.test(
    `modules whose frame numbers differ by less than a ring are told with both numbers and the remedy (${series})`,
    async (t) => {
      const pipeline = new Pipeline({ yaml: yaml(series) });
      pipeline.sink.connect();
      if (series === 'armed') pipeline.arm();
      else pipeline.run(5);
      play(pipeline, 34);
      if (series === 'armed') pipeline.stop();
      const { warnings } = pipeline.summaries[0] ?? {};
      t.equal(warnings?.length, 4);
      t.match(
        warnings?.[0],
        /^port 50003: its first frame was 40, that of port 50001 was 6: frames 6 to 39 lack it\. .*set nextframenumber of all modules to the same value/,
      );
      t.match(warnings?.[1], /^port 50004: its first frame was 40/);
      t.match(
        warnings?.slice(2),
        [/^port 50001: .*switched off/, /^port 50002: .*switched off/],
        'and at the end the others lack 34',
      );
      t.ok(pipeline.events.some((event) => event.kind === 'warning' && event.code === 'ports_apart/50003'));
      t.match(pipeline.summaries[0], { frames: 94, complete: 26, marked: 68 });
      t.strictSame(pipeline.verify(), []);
    },
  );
}

t.test('the warning comes while the series is open, not only at its end', async (t) => {
  const pipeline = new Pipeline({ yaml: yaml('armed') });
  pipeline.sink.connect();
  pipeline.arm();
  play(pipeline, 34);
  pipeline.run(600);
  t.ok(pipeline.events.some((event) => event.kind === 'warning' && event.code === 'ports_apart/50004'));
  t.notOk(pipeline.idle);
  pipeline.stop();
});

t.test('ports that begin together, or a few lost frames apart, are not told', async (t) => {
  for (const apart of [0, 3]) {
    const pipeline = new Pipeline({ yaml: yaml('armed') });
    pipeline.sink.connect();
    pipeline.arm();
    play(pipeline, apart);
    pipeline.stop();
    t.strictSame(pipeline.summaries[0]?.warnings, []);
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('a difference of a ring or more still ends the series', async (t) => {
  const pipeline = new Pipeline({ yaml: yaml('armed') });
  pipeline.sink.connect();
  pipeline.arm();
  play(pipeline, 1000);
  t.match(pipeline.summaries[0], { aborted: 'ports_disagree', frames: 0 });
  t.match(pipeline.summaries[0]?.warnings, [/port 50001: frame 6.*port 50003: frame 1006.*Set nextframenumber/]);
  t.strictSame(pipeline.verify(), []);
});
