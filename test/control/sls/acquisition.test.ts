import t from 'tap';
import { Acquisition, noFigures } from '../../../src/control/sls/acquisition.js';
import type { SeriesProgress } from '../../../src/contract/series.js';

/** Ten frames of four packets wanted; two ports, the second behind and with losses. */
function acquisition(changes: Partial<SeriesProgress> = {}): Acquisition {
  const progress: SeriesProgress = {
    first_frame_number: 100,
    ended: null,
    ports: [
      { udp_port: 1, images_complete: 5, newest_frame_number: 104, accepted: 20, missing: 0 },
      { udp_port: 2, images_complete: 1, newest_frame_number: 102, accepted: 9, missing: 3 },
      { udp_port: 3, images_complete: 0, newest_frame_number: null, accepted: 0, missing: 0 },
    ],
    ...changes,
  };
  return new Acquisition({ seriesId: 7, frames: 10, packets: 4, progress: () => progress });
}

t.test('a port shows what its series has of it; one that the series does not have, nothing', async (t) => {
  const running = acquisition();
  t.strictSame(running.figures(2), { caught: 1, missing: 3, newest: 102 });
  t.strictSame(running.figures(3), noFigures);
  t.strictSame(running.figures(4), noFigures);
});

t.test('what never came is missing once all frames were to come, and not before', async (t) => {
  const over = acquisition();
  t.equal(over.figures(1).missing, 0);
  over.finished = true;
  t.equal(over.figures(1).missing, 20);
  t.equal(over.figures(3).missing, 40);
});

t.test('percent counts from the first frame of the series to the newest of each port', async (t) => {
  const running = acquisition();
  t.equal(running.percent([1]), 50);
  t.equal(running.percent([1, 2]), 40);
  t.equal(running.percent([3]), 0);
  t.equal(acquisition({ first_frame_number: null }).percent([1]), 0);
  const endless = new Acquisition({ seriesId: 7, frames: 0, packets: 4, progress: () => running.progress });
  t.equal(endless.percent([1]), 0, 'of an endless series nobody knows');
});

t.test('of a series that nobody knows any more the last that was known is shown', async (t) => {
  let known: SeriesProgress | null = acquisition().progress;
  const over = new Acquisition({ seriesId: 7, frames: 10, packets: 4, progress: () => known });
  t.strictSame(over.figures(1), { caught: 5, missing: 0, newest: 104 });
  t.notOk(over.ended);
  known = null;
  t.strictSame(over.figures(1), { caught: 5, missing: 0, newest: 104 });
  const forgotten = new Acquisition({ seriesId: 7, frames: 10, packets: 4, progress: () => null });
  t.strictSame(forgotten.figures(1), noFigures);
  t.equal(forgotten.percent([1]), 0);
  t.equal(forgotten.progress, null);
});
